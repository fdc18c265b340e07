import type { Ask, Scores } from "./client.js";

const KEPT = 30_000; // milliseconds, as long as Coop keeps the answers of its own integrations
const MOST = 1_000; // answers

/**
 * The same question, asked once: five signals on one text are one request. Failures are not kept.
 * Texts are not kept either, only their SHA-256.
 */
export function remember(ask: Ask): Ask {
  const kept = new Map<string, { readonly until: number; readonly scores: Promise<Scores> }>();
  return async (target, text) => {
    const key = await digest(JSON.stringify([target.endpoint, target.apiKey, text]));
    const known = kept.get(key);
    if (known !== undefined && known.until > performance.now()) return known.scores;
    const answer = { until: performance.now() + KEPT, scores: ask(target, text) };
    kept.delete(key); // so that a Map's order is the order of age
    kept.set(key, answer);
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    answer.scores.catch(() => {
      if (kept.get(key) === answer) kept.delete(key);
    });
    return answer.scores;
  };
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
