import type { Plugin } from 'esbuild';

/** What takes a millisecond or more to load, and what most runs do without. */
const LATE = /^node:(?:crypto|fs\/promises|timers\/promises)$/;

/** A function that can be called without `new` and stands in for an export of its name. */
const FUNCTION = /^[a-z]\w*$/;

/**
 * Loads some parts of Node.js when a function of theirs is called, not when a module that imports it is loaded. Only
 * functions can be imported from them: a class or a constant fails the build.
 */
export const loadedAtUse: Plugin = {
  name: 'loaded-at-use',
  setup(build) {
    build.onResolve({ filter: LATE }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'at-use' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'at-use' }, async ({ path }) => {
      const exported: Readonly<Record<string, unknown>> = await import(path);
      const functions = Object.keys(exported).filter(
        (name) => FUNCTION.test(name) && typeof exported[name] === 'function',
      );
      return {
        contents: functions
          .map(
            (name) =>
              `export const ${name} = (...given) => process.getBuiltinModule('${path}').${name}(...given);\n`,
          )
          .join(''),
      };
    });
  },
};

const IMPORT = /^import \{ createRequire as (\w+) \} from "module";\n/;

/** What ncc has made, with parts of Node.js taken from where nothing has to be loaded for it. */
export function withoutRequire(script: string): string {
  const require = IMPORT.exec(script)?.[1];
  if (require === undefined) return script;
  return script.replace(IMPORT, '').replaceAll(`${require}(import.meta.url)(`, 'process.getBuiltinModule(');
}
