import { join } from "node:path";
import ts from "typescript";

/** Checks the types of a file with another text. */
export class TypeCheck {
  readonly #root: string;
  readonly #services = new Map<string, ts.LanguageService>();
  readonly #texts = new Map<string, { version: number; text: string }>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The first error in the file. Files that import it are not checked. Returns undefined if there is none. */
  errorOf(file: string, text: string): string | undefined {
    const path = join(this.#root, file);
    const version = (this.#texts.get(path)?.version ?? 0) + 1;
    this.#texts.set(path, { version, text });
    const service = this.#serviceOf(file);
    const [error] = [
      ...service.getSyntacticDiagnostics(path),
      ...service.getSemanticDiagnostics(path),
    ];
    const original = ts.sys.readFile(path) ?? "";
    this.#texts.set(path, { version: version + 1, text: original });
    return error && ts.flattenDiagnosticMessageText(error.messageText, " ");
  }

  #serviceOf(file: string): ts.LanguageService {
    const folder = file.startsWith("service/") ? join(this.#root, "service") : this.#root;
    const known = this.#services.get(folder);
    if (known) return known;
    const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile);
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
    const service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames.filter((name) => !name.includes("/test/")),
      getScriptVersion: (name) => String(this.#texts.get(name)?.version ?? 0),
      getScriptSnapshot: (name) => {
        const text = this.#texts.get(name)?.text ?? ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      realpath: ts.sys.realpath,
    });
    this.#services.set(folder, service);
    return service;
  }
}
