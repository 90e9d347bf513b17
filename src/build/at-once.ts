/**
 * V8 only looks over the body of a function until it is called, and then begins again, unless a parenthesis stands before
 * the function: that means to it that the function is called at once. webpack, within ncc, writes its modules so, and
 * terser takes the parentheses away.
 */

/** A function that does not exist: terser keeps a call of it. */
const MARK = '\u0192';
/** The beginning of a module as webpack writes it, before the parenthesis. */
const MODULE =
  /^(\/\*{3}\/ "?[\w./-]+"?:\n(?:\/\*[^\n]*\*\/\n)*\/\*{3}\/ )(?=\(\(\w+, __webpack_exports__)/gm;

/** What ncc has made, with a mark at each module that has code of ours or of a library. */
export function marked(script: string): string {
  if (script.includes(MARK)) throw new Error(`there is a ${MARK} in what is bundled: take another mark`);
  return script.replace(MODULE, `$1${MARK}`);
}

/** The same after terser: a parenthesis stands for each mark. No column of a source map changes. */
export const compiledAtOnce = (script: string): string => script.replaceAll(`${MARK}(`, ' (');
