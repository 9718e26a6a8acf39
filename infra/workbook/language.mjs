// Microsoft's Kusto language service as one function: what is wrong with a query, given the tables and saved functions.
import { createRequire } from "node:module";
import path from "node:path";

const TYPES = { string: "string", datetime: "datetime", dateTime: "datetime", bool: "bool", int: "int", long: "long", real: "real", dynamic: "dynamic" };

// `home` is the folder that the package was installed in, `tables` {name: {column: type}}, `functions` {name: body}.
export function language(home, tables, functions) {
  const require = createRequire(path.join(home, "package.json"));
  // The runtime that the service was compiled against; both put themselves into the global scope.
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

  const table = ([name, columns]) => {
    const list = Object.entries(columns).map(([column, type]) => {
      if (!TYPES[type]) throw new Error(`${name}.${column}: no type ${type}`);
      return `['${column}']: ${TYPES[type]}`;
    });
    return new Symbols.TableSymbol.$ctor7(name, `(${list.join(", ")})`, "");
  };
  const saved = ([name, body]) => new Symbols.FunctionSymbol.$ctor16(name, "()", `{\n${body}\n}`, "");
  const members = [...Object.entries(tables).map(table), ...Object.entries(functions).map(saved)];
  const database = new Symbols.DatabaseSymbol.ctor("workspace", members);
  const globals = GlobalState.Default.WithDatabase(database);

  // {problems: ["line:column message"], columns: [names of the result]}
  return (text) => {
    const code = KustoCode.ParseAndAnalyze(text, globals);
    const found = code.GetDiagnostics();
    const problems = [];
    for (let index = 0; index < found.Count; index++) {
      const { Severity, Message, Start } = found.getItem(index);
      const before = text.slice(0, Start).split("\n");
      problems.push(`${before.length}:${before.at(-1).length + 1} ${Severity.toLowerCase()}: ${Message}`);
    }
    const result = code.ResultType?.Columns;
    const columns = Array.from({ length: result?.Count ?? 0 }, (_, index) => result.getItem(index).Name);
    return { problems, columns };
  };
}
