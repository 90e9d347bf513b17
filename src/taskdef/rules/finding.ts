import type { Path } from '../definition.ts';

/** Something about a task definition that ECS refuses or that will not work (`error`), or that is unwise (`warning`). */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Where in the definition it is; a value that is missing is found at what should hold it. */
  readonly path: Path;
  /** The field that is missing there. */
  readonly missing?: string;
  /** What is wrong and what to write instead; never a value that may be a secret. */
  readonly message: string;
}

export const error = (path: Path, message: string): Finding => ({ severity: 'error', path, message });

/** That a field is missing in what stands at `path`. */
export const absent = (path: Path, missing: string, message: string): Finding => ({
  ...error(path, message),
  missing,
});

export const warning = (path: Path, message: string): Finding => ({ severity: 'warning', path, message });
