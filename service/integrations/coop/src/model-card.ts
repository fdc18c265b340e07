import type { ModelCard, ModelCardField, REQUIRED_MODEL_CARD_SECTION_IDS } from "@roostorg/coop-types";

import { CARD, DOCS } from "./links.js";

type SectionId = (typeof REQUIRED_MODEL_CARD_SECTION_IDS)[number];

interface Section {
  readonly title: string;
  readonly fields: readonly ModelCardField[];
}

// Coop refuses a card that lacks one of its sections; a Record lacks none.
const SECTIONS: Readonly<Record<SectionId, Section>> = {
  trainingData: {
    title: "Training data",
    fields: [
      { label: "Passages", value: "Passages and grammars written for Tocsin, and public corpora with open licences, which weigh little." },
      { label: "List", value: "GET /v1/model of your Tocsin names each corpus with its licence and size." },
    ],
  },
  policyAndTaxonomy: {
    title: "Policy and taxonomy",
    fields: [
      { label: "threat", value: "States or implies a will, intent or readiness to do violence to a person, group or their home." },
      { label: "incitement", value: "Calls on others to do violence, or declares people a fit target for it." },
      { label: "glorification", value: "Praises, celebrates, wishes for or justifies violence, its doers or its victims' suffering." },
      {
        label: "Scores low",
        value:
          "Reports of violence, condemnation, law and self-defence, history, fiction told as such, sport, games, idioms, " +
          "insults and hate without violence.",
      },
    ],
  },
  annotationMethodology: {
    title: "Annotation methodology",
    fields: [
      { label: "Own passages", value: "Written to a label, with benign twins." },
      { label: "Public corpora", value: "Their labels are mapped to Tocsin's three; they disagree with our definitions in places." },
    ],
  },
  performanceBenchmarks: {
    title: "Performance and benchmarks",
    fields: [
      { label: "Figures", value: `With intervals, on passages held out by scenario and on passages written blind: ${CARD}` },
      { label: "The model that answers you", value: "GET /v1/model of your Tocsin holds the figures of the model it has loaded." },
    ],
  },
  biasAndLimitations: {
    title: "Bias and limitations",
    fields: [
      { label: "Missed", value: "Irony, riddles, threats that need context, and threats spread over several sentences are mostly missed." },
      { label: "Language", value: "English only. A text in another language is an error of the signal, not a low score." },
      { label: "Who speaks", value: "Found by rules; unattributed quotations and chat logs are often taken for the author's own voice." },
      { label: "Groups", value: "Most group names are read as one word, so that which is named moves no score; names the model lacks can move one a little." },
    ],
  },
  implementationGuidance: {
    title: "Implementation guidance",
    fields: [
      { label: "Use", value: "Order a review queue. Don't punish anybody without a person reading the text." },
      { label: "Which signal", value: "Asserted risk for what an author answers for; risk to find every passage worth a look." },
      { label: "Failures", value: "A score that can't be had is an error of its condition; a rule that hangs on it does not pass." },
    ],
  },
  relevantLinks: {
    title: "Relevant links",
    fields: [
      { label: "Set-up", value: DOCS },
      { label: "Model card", value: CARD },
    ],
  },
};

/** The version is the plugin's; the model's own is in GET /v1/model. */
export function modelCard(version: string): ModelCard {
  const sections = Object.entries(SECTIONS).map(([id, section]) => ({ id, ...section }));
  return { modelName: "Tocsin", version, sections };
}
