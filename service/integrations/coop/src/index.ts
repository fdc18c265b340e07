/** Tocsin for ROOST Coop. The contract is @roostorg/coop-types; the reference is github.com/roostorg/coop-integration-example. */

import type { CoopIntegrationPlugin, IntegrationManifest } from "@roostorg/coop-types";

import { DOCS } from "./links.js";
import { modelCard } from "./model-card.js";
import { SIGNALS, createSignals } from "./signals.js";

const VERSION = "1.0.0";

const manifest: IntegrationManifest = {
  id: "TOCSIN",
  name: "Tocsin",
  version: VERSION,
  description: "Threats and violent incitement in English text, scored by a Tocsin of your own.",
  docsUrl: DOCS,
  requiresConfig: true,
  configurationFields: [
    {
      key: "url",
      label: "Address",
      required: true,
      inputType: "text",
      placeholder: "http://tocsin:8080",
      description: "Where Tocsin answers, as Coop's server sees it. Without /v1/score.",
    },
    {
      key: "apiKey",
      label: "API key",
      required: false,
      inputType: "password",
      description: "Made with `tocsin keys create`. Leave it empty if your Tocsin runs without keys.",
    },
  ],
  signalTypeIds: SIGNALS.map((kind) => kind.type),
  modelCard: modelCard(VERSION),
};

const plugin: CoopIntegrationPlugin = { manifest, createSignals };

export default plugin;
export { createSignals, manifest };
