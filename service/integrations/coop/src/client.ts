import type { Target } from "./config.js";
import { TocsinError } from "./error.js";

/** Probabilities in [0, 1]. */
export interface Scores {
  readonly threat: number;
  readonly incitement: number;
  readonly glorification: number;
  readonly risk: number;
  readonly assertedRisk: number;
}

export type Ask = (target: Target, text: string) => Promise<Scores>;

const CHECK = "check Address in the integration's settings.";
const TIMEOUT = 5_000; // milliseconds until the whole answer is here

/** One passage to `POST /v1/score`. Throws a TocsinError. */
export async function ask(target: Target, text: string): Promise<Scores> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (target.apiKey !== null) headers["X-API-Key"] = target.apiKey;
  const body = JSON.stringify({ text, spans: false });
  let response: Response;
  let said: string;
  try {
    // A redirection would carry the text and the key to another host.
    response = await fetch(target.endpoint, { method: "POST", headers, body, redirect: "error", signal: AbortSignal.timeout(TIMEOUT) });
    said = await response.text();
  } catch (error) {
    throw new TocsinError(noAnswer(error));
  }
  const answer = parseObject(said);
  if (!response.ok) throw new TocsinError(refusal(response, answer));
  return parseScores(answer);
}

function noAnswer(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `Tocsin did not answer within ${TIMEOUT / 1000} s.`;
  const cause = error instanceof Error ? (error.cause as { code?: unknown; message?: unknown } | undefined) : undefined;
  return `Tocsin can't be reached (${String(cause?.code ?? cause?.message ?? "no connection")}): ${CHECK}`;
}

/** What an RFC 9457 problem of Tocsin's says; of anything else, which may quote the text, the status alone. */
function refusal(response: Response, answer: Record<string, unknown> | null): string {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json") === true;
  if (!isProblem || answer === null) return `${response.status} from an address that is not Tocsin's: ${CHECK}`;
  const wait = response.headers.get("Retry-After");
  const parts = [`Tocsin answered ${response.status}.`, `${String(answer["title"])}.`, String(answer["detail"])];
  return parts.concat(wait === null ? [] : [`Retry after ${wait} s.`]).join(" ");
}

function parseScores(answer: Record<string, unknown> | null): Scores {
  const labels = object(answer?.["labels"]);
  const language = object(answer?.["language"]);
  // "und" is a text too short to tell, or without words: its scores stand.
  if (language?.["supported"] === false && language["code"] !== "und") {
    throw new TocsinError(`Tocsin reads English; this text is in another language (${String(language["code"])}).`);
  }
  return {
    threat: probability(labels?.["threat"]),
    incitement: probability(labels?.["incitement"]),
    glorification: probability(labels?.["glorification"]),
    risk: probability(answer?.["risk"]),
    assertedRisk: probability(answer?.["asserted_risk"]),
  };
}

function probability(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new TocsinError(`The answer is not Tocsin's: ${CHECK}`);
}

function parseObject(json: string): Record<string, unknown> | null {
  try {
    return object(JSON.parse(json) as unknown);
  } catch {
    return null;
  }
}

function object(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
