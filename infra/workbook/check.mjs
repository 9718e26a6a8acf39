// Checks every .kql file and the workbook's own forms of them: nothing that the language service has to say about them, no name in
// Details_s and no text of the connector that it does not write. Then breaks them on purpose: each break has to be seen.
//
//   node check.mjs HOME     HOME is the folder that the language service was installed in
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { language } from "./language.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const infra = path.dirname(here);
const json = (...names) => JSON.parse(fs.readFileSync(path.join(infra, ...names), "utf8"));

const OURS = ["ServiceDesk_CL", "ServiceDeskLog_CL"];
const tables = json("workbook", "other-tables.json");
for (const name of OURS) tables[name] = Object.fromEntries(json("tables", `${name}.json`).columns.map(({ name, type }) => [name, type]));
const files = {};
for (const folder of ["functions", "queries", "alerts"]) {
  for (const name of fs.readdirSync(path.join(infra, folder)).filter((name) => name.endsWith(".kql"))) {
    files[`${folder}/${name}`] = fs.readFileSync(path.join(infra, folder, name), "utf8");
  }
}
const functions = (texts) =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => name.startsWith("functions/")).map(([name, text]) => [path.basename(name, ".kql"), text]));
const home = process.argv[2];
const analyse = language(home, tables, functions(files));

// What the connector writes.
const members = new Set(json("tables", "details.json").flatMap(({ members }) => members.map(({ name }) => name)));
const described = json("tables", "ServiceDeskLog_CL.json").columns;
const words = (column) => new Set([...described.find(({ name }) => name === column).description.matchAll(/`([^`]+)`/g)].map((found) => found[1]));
const known = { Operation_s: words("Operation_s"), LogType_s: words("LogType_s") };
const sources = [];
const rust = (folder) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "tests") rust(at);
    else if (entry.name.endsWith(".rs")) sources.push(fs.readFileSync(at, "utf8"));
  }
};
rust(path.join(infra, "..", "crates", "connector", "src"));
const said = sources.join("\n");

function own(text) {
  const problems = [];
  const code = text.replace(/^\s*\/\/.*$/gm, "");
  for (const [, member] of code.matchAll(/\bDetails\.(\w+)/g)) {
    if (!members.has(member)) problems.push(`Details_s has no member ${member}`);
  }
  for (const [, column, list] of code.matchAll(/\b(Operation_s|LogType_s|Message_s)\s*(?:==|!=|in)\s*(\([^)]*\)|"[^"]*")/g)) {
    for (const [, word] of list.matchAll(/"([^"]*)"/g)) {
      const written = known[column] ? known[column].has(word) : said.includes(`"${word}"`);
      if (!written) problems.push(`the connector writes no ${column} "${word}"`);
    }
  }
  return problems;
}

const inspect = (text, service = analyse) => [...service(text).problems, ...own(text)];
let [passed, failed] = [0, 0];
const verdict = (name, problems) => {
  if (problems.length === 0) return passed++;
  failed++;
  for (const problem of problems) console.error(`${name}: ${problem}`);
};

for (const [name, text] of Object.entries(files)) {
  const { columns } = analyse(text);
  const shape = columns.length === 0 ? ["has no result"] : [];
  // A rule counts rows by their time.
  if (name.startsWith("alerts/") && !columns.includes("TimeGenerated")) shape.push("gives no TimeGenerated");
  verdict(name, [...inspect(text), ...shape]);
}

// Queries in the documentation.
const docs = path.join(infra, "..", "docs");
for (const name of fs.readdirSync(docs).filter((name) => name.endsWith(".md"))) {
  const blocks = [...fs.readFileSync(path.join(docs, name), "utf8").matchAll(/^```kusto\n(.*?)^```/gms)];
  for (const [index, [, text]] of blocks.entries()) verdict(`docs/${name}, query ${index + 1}`, inspect(text));
}

// The workbook, with what its parameters become: some connections or none, each grain, a computer or none.
const fillings = [
  { Connection: "", "TimeRange:grain": "1m", SelectedComputer: "" },
  { Connection: '"snow","cherwell west"', "TimeRange:grain": "1d", SelectedComputer: "web01.contoso.com" },
];
const book = json("workbook", "workbook.json");
const exported = book.items.map(({ content }) => content.exportParameterName).filter(Boolean);
const given = new Set(["TimeRange:grain", ...exported, ...book.items[0].content.parameters.map(({ name }) => name)]);
for (const { type, name, content, conditionalVisibility } of book.items.filter(({ type }) => type === 3)) {
  for (const filling of fillings) {
    const text = content.query.replace(/\{([A-Za-z:]+)\}/g, (whole, asked) => filling[asked] ?? whole);
    verdict(`workbook: ${name}`, inspect(text));
  }
  const asked = [...content.query.matchAll(/\{([A-Za-z]+(?::\w+)?)\}/g)].map((found) => found[1]);
  const problems = asked.filter((parameter) => !given.has(parameter)).map((parameter) => `there is no parameter ${parameter}`);
  const { columns } = analyse(files[`queries/${name}.kql`]);
  const named = (content.gridSettings?.formatters ?? []).map(({ columnMatch }) => columnMatch);
  if (content.exportFieldName) named.push(content.exportFieldName);
  problems.push(...named.filter((column) => !columns.includes(column)).map((column) => `the query gives no column ${column}`));
  if (conditionalVisibility && !given.has(conditionalVisibility.parameterName)) problems.push("depends on a parameter that there is not");
  if (content.visualization !== "table" && columns[0] !== "TimeGenerated") problems.push("is a chart over time and does not begin with TimeGenerated");
  verdict(`workbook: ${name}`, problems);
}

// A change that has to be seen, in every file that it fits: each names a kind of mistake.
const all = Object.entries(files);
const fits = (change) => all.map(([name, text]) => [name, change(text)]).filter(([name, text]) => text !== files[name]);
const code = (text, change) => {
  const begins = text.search(/^(?!\/\/)/m);
  return text.slice(0, begins) + change(text.slice(begins));
};
const last = (text, bracket) => {
  const at = text.lastIndexOf(bracket);
  return at < 0 ? text : text.slice(0, at) + text.slice(at + 1);
};
const KINDS = {
  "a column under another name": (text) => code(text, (query) => query.replace(/\bTimeGenerated\b(?! *[:=] )/g, "TimeGenerate")),
  "another column under another name": (text) => code(text, (query) => query.replace(/\bServiceDeskConnectionName_s\b(?! *=)/, "ServiceDeskConnection_s")),
  "an unknown table or function": (text) => code(text, (query) => query.replace(/\b(?<!")(ServiceDesk\w*_CL|ServiceDesk(Latest|Deliveries|Standing|DeadLetters|WorkItems|Open))\b/, "$1x")),
  "a wrong function": (text) => code(text, (query) => query.replace(/\b(count|countif|sum|tostring|isnotempty|coalesce|percentile|strcat|tolong|isnull)\(/, "$1x(")),
  "a missing bracket": (text) => code(text, (query) => last(query, ")")),
  "a pipe without an operator": (text) => code(text, (query) => query.replace(/\| (where|project|summarize|extend)\b/, "| $1s")),
  "a member of Details_s that is not written": (text) => text.replace(/\bDetails\.(\w+)/, "Details.$1s"),
  "a message that is not written": (text) => text.replace(/(Message_s [!=]= ")/, "$1so "),
  "an operation that is not written": (text) => text.replace(/(Operation_s == ")/, "$1re"),
  "a level that is not written": (text) => text.replace(/(LogType_s (?:==|in \() ?")ERROR/g, "$1FATAL").replace(/"WARNING", "ERROR"/, '"WARNING", "FATAL"'),
};
for (const [kind, change] of Object.entries(KINDS)) {
  const broken = fits(change);
  verdict(kind, broken.length === 0 ? ["fits no file, so it proves nothing"] : []);
  for (const [name, text] of broken) {
    verdict(`${kind}, in ${name}`, inspect(text).length === 0 ? ["was not seen"] : []);
  }
}

// A column that a table loses, or one of another type, is seen by every file that uses it.
const without = (table, column) => ({ ...tables, [table]: Object.fromEntries(Object.entries(tables[table]).filter(([name]) => name !== column)) });
for (const table of [...OURS, ...Object.keys(json("workbook", "other-tables.json"))]) {
  const users = all.filter(([, text]) => new RegExp(`\\b${table}\\b`).test(text.replace(/^\s*\/\/.*$/gm, "")));
  for (const column of Object.keys(tables[table])) {
    const using = users.filter(([, text]) => new RegExp(`\\b${column}\\b`).test(text));
    if (using.length === 0) continue;
    const service = language(home, without(table, column), functions(files));
    // A union gives the column all the same when another leg has it.
    const seen = using.filter(([, text]) => inspect(text, service).length > 0);
    verdict(`${table} without ${column}`, seen.length === 0 ? [`was not seen by ${using.map(([name]) => name).join(", ")}`] : []);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
