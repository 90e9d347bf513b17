import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';

/**
 * The text of a file that an input names.
 *
 * @param workspace the directory that relative paths start from
 * @throws ConfigError naming `input` when the file cannot be read, or is not text in UTF-8
 */
export async function readTextFile(path: string, workspace: string, input: string): Promise<string> {
  const file = resolve(workspace, path);
  const bytes = read(file, input);
  const fault = bytes.includes(0) ? 'holds NUL bytes' : isUtf8(bytes) ? undefined : 'is not UTF-8';
  if (fault) throw new ConfigError({ input, message: `${file} ${fault}; save it as text in UTF-8` });
  return bytes.toString('utf8');
}

function read(file: string, input: string): Buffer {
  try {
    // Nothing else is under way, and the asynchronous way costs a tenth of the time that all of this takes.
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT'
        ? `there is no file ${file}; is actions/checkout missing before this step?`
        : code === 'EISDIR'
          ? `${file} is a directory; name the file in it`
          : `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError({ input, message: why }, { cause: error });
  }
}
