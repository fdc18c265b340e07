import type { PluginSignalContext, PluginSignalDescriptor } from "@roostorg/coop-types";

import { type Ask, type Scores, ask } from "./client.js";
import { parseConfig } from "./config.js";
import { TocsinError } from "./error.js";
import { DOCS } from "./links.js";
import { remember } from "./memory.js";

interface SignalKind {
  readonly type: string;
  readonly name: string;
  readonly score: keyof Scores;
  readonly says: string;
  /** Scores are calibrated probabilities; for the two risks these are about where the bands `elevated` and `high` begin. */
  readonly thresholds: { readonly highPrecisionThreshold: number; readonly highRecallThreshold: number };
}

const OF_A_LABEL = { highPrecisionThreshold: 0.95, highRecallThreshold: 0.5 };
const OF_A_RISK = { highPrecisionThreshold: 0.95, highRecallThreshold: 0.8 };

export const SIGNALS: readonly SignalKind[] = [
  {
    type: "TOCSIN_THREAT",
    name: "Tocsin: threat",
    score: "threat",
    says: "states or implies a will, intent or readiness to do violence to a person, group or their home: direct, conditional or veiled",
    thresholds: OF_A_LABEL,
  },
  {
    type: "TOCSIN_INCITEMENT",
    name: "Tocsin: incitement",
    score: "incitement",
    says: "calls on others to do violence, or declares people a fit target for it",
    thresholds: OF_A_LABEL,
  },
  {
    type: "TOCSIN_GLORIFICATION",
    name: "Tocsin: glorification",
    score: "glorification",
    says: "praises, celebrates, wishes for or justifies violence, its doers or its victims' suffering",
    thresholds: OF_A_LABEL,
  },
  {
    type: "TOCSIN_RISK",
    name: "Tocsin: risk",
    score: "risk",
    says: "holds a threat, incitement or glorification, whoever says it: the author, or somebody the author quotes",
    thresholds: OF_A_RISK,
  },
  {
    type: "TOCSIN_ASSERTED_RISK",
    name: "Tocsin: asserted risk",
    score: "assertedRisk",
    says: "holds a threat, incitement or glorification in the author's own voice. Who quotes a threat to report it scores low",
    thresholds: OF_A_RISK,
  },
];

/** One descriptor a signal; they share their answers. */
export function createSignals(context: PluginSignalContext): ReadonlyArray<{ signalTypeId: string; signal: PluginSignalDescriptor }> {
  const scores = remember(ask);
  return SIGNALS.map((kind) => ({ signalTypeId: kind.type, signal: describe(kind, context, scores) }));
}

function describe(kind: SignalKind, context: PluginSignalContext, scores: Ask): PluginSignalDescriptor {
  const outputType = { scalarType: "NUMBER" } as const;
  return {
    id: { type: kind.type },
    displayName: kind.name,
    description: `Probability, from 0 to 1, that the text ${kind.says}.`,
    docsUrl: DOCS,
    recommendedThresholds: kind.thresholds,
    supportedLanguages: ["ENGLISH"],
    pricingStructure: { type: "FREE" },
    eligibleInputs: ["STRING"],
    outputType,
    getCost: () => 10, // Coop runs cheap conditions first: its text matching costs less, its third-party APIs 20
    needsMatchingValues: false,
    eligibleSubcategories: [],
    needsActionPenalties: false,
    integration: context.integrationId,
    allowedInAutomatedRules: true,

    async run(input: unknown) {
      const { orgId, text } = parseInput(input);
      const target = parseConfig(await context.getCredential(orgId));
      if (text.trim() === "") return { outputType, score: 0 };
      return { outputType, score: (await scores(target, text))[kind.score] };
    },

    async getDisabledInfo(orgId: string) {
      try {
        parseConfig(await context.getCredential(orgId));
      } catch (error) {
        if (error instanceof TocsinError) return { disabled: true, disabledMessage: error.message };
        throw error;
      }
      return { disabled: false };
    },
  };
}

/** The organisation and the tagged scalar `{ type: "STRING", value }` of Coop's signal input. */
function parseInput(input: unknown): { orgId: string; text: string } {
  const { orgId, value } = (input ?? {}) as { orgId?: unknown; value?: { value?: unknown } | null };
  const text = value?.value;
  if (typeof orgId !== "string" || typeof text !== "string") throw new TocsinError("The input has to be a text of an organisation.");
  return { orgId, text };
}
