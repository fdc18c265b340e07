/**
 * A score that could not be had. Coop's rule engine takes whatever a signal throws for the condition's error and puts its message into the
 * trace, so the message says what to change, and never holds the text or the key.
 */
export class TocsinError extends Error {
  override readonly name = "TocsinError";
}
