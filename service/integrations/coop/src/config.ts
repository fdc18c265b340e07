import { TocsinError } from "./error.js";

/** Where an organisation's Tocsin answers, and the key to send; null: none. */
export interface Target {
  readonly endpoint: string;
  readonly apiKey: string | null;
}

/**
 * Reads what Coop stores for an organisation: the values of the manifest's configuration fields, or nothing yet.
 * Throws a TocsinError that says which field to change.
 */
export function parseConfig(stored: unknown): Target {
  const config = typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {};
  return { endpoint: parseEndpoint(field(config, "url")), apiKey: parseKey(field(config, "apiKey")) };
}

function field(config: Record<string, unknown>, name: string): string {
  const value = config[name];
  return typeof value === "string" ? value.trim() : "";
}

function parseEndpoint(address: string): string {
  if (address === "") throw new TocsinError("Tocsin's address is not set: fill in Address in the integration's settings.");
  if (!URL.canParse(address)) throw new TocsinError("Tocsin's address can't be read: write it like http://tocsin:8080.");
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TocsinError("Tocsin's address must begin with http:// or https://.");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new TocsinError("Tocsin's address takes no user, password, ? or #; a key goes into API key.");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}/v1/score`;
}

function parseKey(key: string): string | null {
  // A header can't carry anything else, and fetch would quote the key in its complaint.
  if (!/^[\x21-\x7e]*$/.test(key)) throw new TocsinError("The API key holds characters that no key has: copy it again.");
  return key === "" ? null : key;
}
