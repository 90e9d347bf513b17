import { InputReader, type InputSource } from '../input-reader.ts';
import { type RenderInputs, readRenderInputs } from './render-inputs.ts';

export interface Inputs extends RenderInputs {
  /** Where to write the result; without it, a new file in the runner's temporary directory. */
  readonly outputFile: string | undefined;
}

/**
 * @param workspace the directory that relative paths start from
 * @param region of the job
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(
  input: InputSource,
  workspace: string,
  region: string | undefined,
): Promise<Inputs> {
  const reader = new InputReader(input);
  const inputs = {
    ...(await readRenderInputs(reader, workspace, region)),
    outputFile: reader.optional('output-file'),
  };
  reader.finish();
  return inputs;
}
