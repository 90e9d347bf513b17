import { InputReader, type InputSource } from '../input-reader.ts';
import { type RenderInputs, readRenderInputs } from './render-inputs.ts';

export interface Inputs extends RenderInputs {
  /** Where to write the result; without it, a new file in the runner's temporary directory. */
  readonly outputFile: string | undefined;
}

/**
 * @param workspace the directory that relative paths start from
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(input: InputSource, workspace: string): Promise<Inputs> {
  const reader = new InputReader(input);
  const inputs = {
    ...(await readRenderInputs(reader, workspace)),
    outputFile: reader.optional('output-file'),
  };
  reader.finish();
  return inputs;
}
