// Starts Azurite on free ports, says in one JSON line where blobs and queues are, and ends with its input, so that it never
// outlives the test that started it.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";

const [home, ...rest] = process.argv.slice(2);
const main = join(home, "node_modules/azurite/dist/src/azurite.js");
if (!existsSync(main)) {
  console.error(`Azurite is not installed in ${home}: run tests/azurite/run install`);
  process.exit(3);
}
const tls = rest[0] === "--tls" ? ["--oauth", "basic", "--cert", rest[1], "--key", rest[2]] : [];

// Azurite's published account and key: no secret.
const account = "devstoreaccount1";
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

// An account SAS for blobs and queues, with every right, for a day.
function signature() {
  const [rights, services, types, version] = ["rwdlacup", "bq", "sco", "2021-12-02"];
  const expiry = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19) + "Z";
  const text = [account, rights, services, types, "", expiry, "", "https,http", version, "", ""].join("\n");
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest("base64");
  return new URLSearchParams({ sv: version, ss: services, srt: types, sp: rights, se: expiry, spr: "https,http", sig }).toString();
}

const args = [main, "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"];
args.push("--blobHost", "127.0.0.1", "--blobPort", "0", "--queueHost", "127.0.0.1", "--queuePort", "0");
args.push("--tableHost", "127.0.0.1", "--tablePort", "0", ...tls);
const azurite = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });

const found = {};
let said = "";
azurite.stdout.on("data", (data) => {
  if (found.told) return;
  said += data;
  for (const [, service, url] of said.matchAll(/Azurite (\w+) service is successfully listening at (https?:\/\/[\d.]+:\d+)/g)) {
    found[service.toLowerCase()] = `${url}/${account}`;
  }
  if (found.blob && found.queue && !found.told) {
    found.told = true;
    console.log(JSON.stringify({ blob: found.blob, queue: found.queue, sas: signature() }));
  }
});
azurite.on("exit", (code) => process.exit(code ?? 1));
process.stdin.on("end", () => azurite.kill());
process.stdin.resume();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => azurite.kill());
