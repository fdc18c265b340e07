// Loads an integration as Coop's server does and runs its signals: node coop.js FOLDER, and on standard input as JSON the organisations'
// settings and the calls. Prints the manifest, the signals and what each call gave, errors as Coop's rule engine keeps them.
// After server/services/signalsService/helpers/loadPluginSignals.ts and signalExecutionService.ts of github.com/roostorg/coop.
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const folder = path.resolve(process.argv[2]);
const { orgs, calls } = JSON.parse(fs.readFileSync(0, "utf8"));

async function load() {
  try {
    return require(folder);
  } catch (error) {
    if (error.code !== "ERR_REQUIRE_ESM") throw error; // a Node too old for Coop
    return import(pathToFileURL(path.join(folder, "dist", "index.js")));
  }
}

async function main() {
  const loaded = await load();
  const plugin = loaded.default ?? loaded;
  const getCredential = async (orgId) => orgs[orgId];
  const created = plugin.createSignals({ integrationId: plugin.manifest.id, getCredential });
  const signals = Object.fromEntries(created.map(({ signalTypeId, signal }) => [signalTypeId, signal]));
  const results = [];
  for (const { signal, method = "run", argument } of calls) {
    try {
      results.push(await signals[signal][method](argument));
    } catch (error) {
      results.push({ type: "ERROR", name: error.name, message: error.message, isError: error instanceof Error });
    }
  }
  console.log(JSON.stringify({ manifest: plugin.manifest, signals, results }));
}

main();
