/** A place in a file that an annotation points at; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What an action says to the person who runs it, and hands on to the steps after it. */
export interface Reporter {
  info(line: string): void;
  /** A line of its own colour, for what matters most; plain where colours do not exist. */
  notice(message: string, place?: Place): void;
  warning(message: string, place?: Place): void;
  error(message: string, place?: Place): void;
  startGroup(title: string): void;
  endGroup(): void;
  /** Registers a value that the log must never show; call it before anything that could print it. */
  mask(secret: string): void;
  output(name: string, value: string): void;
  /** Appends Markdown to the job's summary page. */
  summary(markdown: string): Promise<void>;
  /** Keeps a value for the action's post step. */
  saveState(name: string, value: string): void;
  /** A value that the main step kept, in the post step; empty when there is none. */
  state(name: string): string;
}
