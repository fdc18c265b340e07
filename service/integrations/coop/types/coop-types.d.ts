// The part of @roostorg/coop-types that this plugin touches, written down after types/integration.ts of github.com/roostorg/coop (2.4.0),
// so that it can be checked without that package. Where the package is installed, tsconfig.json takes the package and not this file.

export interface ModelCardField {
  readonly label: string;
  readonly value: string;
}

export interface ModelCardSection {
  readonly id: string;
  readonly title: string;
  readonly fields?: readonly ModelCardField[];
}

export interface ModelCard {
  readonly modelName: string;
  readonly version: string;
  readonly releaseDate?: string;
  readonly sections?: readonly ModelCardSection[];
}

export declare const REQUIRED_MODEL_CARD_SECTION_IDS: readonly [
  "trainingData",
  "policyAndTaxonomy",
  "annotationMethodology",
  "performanceBenchmarks",
  "biasAndLimitations",
  "implementationGuidance",
  "relevantLinks",
];

export interface IntegrationConfigField {
  readonly key: string;
  readonly label: string;
  readonly required: boolean;
  readonly inputType: "text" | "password" | "json" | "array";
  readonly placeholder?: string;
  readonly description?: string;
}

export interface IntegrationManifest {
  /** UPPER_SNAKE_CASE. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly docsUrl?: string;
  readonly requiresConfig: boolean;
  readonly configurationFields?: readonly IntegrationConfigField[];
  readonly signalTypeIds?: readonly string[];
  readonly modelCard?: ModelCard;
}

export interface PluginSignalContext {
  readonly integrationId: string;
  readonly getCredential: (orgId: string) => Promise<Record<string, unknown>>;
}

export interface PluginSignalDescriptor {
  readonly id: { readonly type: string };
  readonly displayName: string;
  readonly description: string;
  readonly docsUrl: string | null;
  readonly recommendedThresholds: {
    readonly highPrecisionThreshold: string | number;
    readonly highRecallThreshold: string | number;
  } | null;
  readonly supportedLanguages: readonly string[] | "ALL";
  readonly pricingStructure: { readonly type: "FREE" | "SUBSCRIPTION" };
  readonly eligibleInputs: readonly string[];
  readonly outputType: { readonly scalarType: string };
  readonly getCost: () => number;
  readonly run: (input: unknown) => Promise<unknown>;
  readonly getDisabledInfo: (
    orgId: string,
  ) => Promise<{ disabled: false; disabledMessage?: string } | { disabled: true; disabledMessage: string }>;
  readonly needsMatchingValues: boolean;
  readonly eligibleSubcategories: ReadonlyArray<{ id: string; label: string; description?: string; childrenIds: readonly string[] }>;
  readonly needsActionPenalties: boolean;
  readonly integration: string;
  readonly allowedInAutomatedRules: boolean;
}

export interface CoopIntegrationPlugin {
  readonly manifest: IntegrationManifest;
  readonly createSignals?: (
    context: PluginSignalContext,
  ) => ReadonlyArray<{ readonly signalTypeId: string; readonly signal: PluginSignalDescriptor }>;
}
