import * as core from '@actions/core';
import type { Place, Reporter } from '../ports.ts';

const annotation = (place?: Place): core.AnnotationProperties => ({
  ...(place && { file: place.file }),
  ...(place?.line !== undefined && { startLine: place.line }),
  ...(place?.column !== undefined && { startColumn: place.column }),
});

/** A summary over 1 MiB is an error of the runner; what does not fit is cut with a word about it. */
const SUMMARY_LIMIT = 1024 * 1024 - 4096;

/** Characters that the runner's comparison of texts, which follows a language's rules, may pass over. */
const IGNORED = '\\p{Cf}\\p{Mn}\\p{Default_Ignorable_Code_Point}\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f';

interface Commands {
  /** `::` counts at the beginning of a line, after any white space. */
  readonly now: RegExp;
  /** `##[` counts anywhere in a line. */
  readonly old: RegExp;
}

/** Most lines are printable ASCII, in which nothing is passed over. */
const ASCII = /^[\t\n\r -~]*$/;
const inAscii: Commands = { now: /^(?=\s*::)/gm, old: /#(?=#\[)/g };

let inAnyText: Commands | undefined;
/** Made when the first such line is: it takes a millisecond, a twentieth of an action's start. */
const commandsIn = (text: string): Commands => {
  if (ASCII.test(text)) return inAscii;
  inAnyText ??= {
    now: new RegExp(`^(?=[\\s${IGNORED}]*:[${IGNORED}]*:)`, 'gmu'),
    old: new RegExp(`#(?=[${IGNORED}]*#[${IGNORED}]*\\[)`, 'gu'),
  };
  return inAnyText;
};

/** What AWS and containers say must not become a command of the runner: a character more breaks both of its forms. */
const harmless = (text: string): string => {
  const { now, old } = commandsIn(text);
  return text.replace(old, '# ').replace(now, '| ');
};

/** Speaks to the Actions runner: workflow commands, outputs, state, the job summary. */
export const githubReporter: Reporter = {
  info: (line) => core.info(harmless(line)),
  notice: (message, place) => core.notice(message, annotation(place)),
  warning: (message, place) => core.warning(message, annotation(place)),
  error: (message, place) => core.error(message, annotation(place)),
  startGroup: (title) => core.startGroup(harmless(title)),
  endGroup: () => core.endGroup(),
  mask: (secret) => {
    if (secret.trim() !== '') core.setSecret(secret);
  },
  output: (name, value) => core.setOutput(name, value),
  async summary(markdown) {
    if (!process.env['GITHUB_STEP_SUMMARY']) return;
    const bytes = Buffer.from(markdown);
    const text =
      bytes.length <= SUMMARY_LIMIT
        ? markdown
        : `${bytes.subarray(0, SUMMARY_LIMIT).toString()}\n\n_Cut here: a summary holds at most 1 MiB._\n`;
    await core.summary.addRaw(text, true).write();
  },
  saveState: (name, value) => core.saveState(name, value),
  state: (name) => core.getState(name),
};

export const githubInput = (name: string): string => core.getInput(name, { trimWhitespace: false });
