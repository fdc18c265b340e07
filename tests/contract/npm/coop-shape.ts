// Compiled beside the plugin's sources: it is what Coop's types ask for, and those types do refuse what Coop would.
import type {
  CoopIntegrationPlugin,
  IntegrationManifest,
  ModelCard,
  PluginSignalContext,
  PluginSignalDescriptor,
} from "@roostorg/coop-types";

import plugin, { createSignals, manifest } from "./index.js";

plugin satisfies CoopIntegrationPlugin;
manifest satisfies IntegrationManifest;
createSignals satisfies (context: PluginSignalContext) => ReadonlyArray<{ signalTypeId: string; signal: PluginSignalDescriptor }>;

// @ts-expect-error a manifest has a name
({ id: "TOCSIN", version: "1.0.0", requiresConfig: true }) satisfies IntegrationManifest;
// @ts-expect-error a model card has a version
({ modelName: "Tocsin" }) satisfies ModelCard;
// @ts-expect-error a price is FREE or SUBSCRIPTION
({ type: "CHEAP" }) satisfies PluginSignalDescriptor["pricingStructure"];
// @ts-expect-error a disabled signal says why
(async () => ({ disabled: true as const })) satisfies PluginSignalDescriptor["getDisabledInfo"];
// @ts-expect-error a plugin has a manifest
({ createSignals }) satisfies CoopIntegrationPlugin;
