// perspective-api-client against another host: node perspective.js http://127.0.0.1:8080. Prints what it answered, as JSON.
const axios = require("axios");
const Perspective = require("perspective-api-client");

const [root] = process.argv.slice(2);
// The client has its host built in; axios, which it posts with, can be told another.
axios.interceptors.request.use((config) => ({ ...config, url: config.url.replace("https://commentanalyzer.googleapis.com", root) }));

const client = new Perspective({ apiKey: "a key" });
const text = "Look 🔪 here. I will kill you and burn your house down.";

async function main() {
  const scored = await client.analyze({ comment: { text }, languages: ["en"], spanAnnotations: true }, { attributes: ["threat"] });
  const spans = scored.attributeScores.THREAT.spanScores.map(({ begin, end }) => text.slice(begin, end));
  const refused = await client.analyze(text).catch((error) => ({ name: error.name, message: error.message }));
  console.log(JSON.stringify({ value: scored.attributeScores.THREAT.summaryScore.value, spans, refused }));
}

main();
