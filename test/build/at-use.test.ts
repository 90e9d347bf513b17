import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { loadedAtUse, withoutRequire } from '../../src/build/at-use.ts';

const bundled = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    plugins: [loadedAtUse],
  });
  return outputFiles[0]?.text ?? '';
};

describe('a part of Node.js that most runs do without', () => {
  it('is loaded when a function of it is called', async () => {
    const text = await bundled(
      "import { createHash } from 'node:crypto';\nexport const hash = createHash('sha256').update('a').digest('hex');\n",
    );
    expect(text).not.toMatch(/\bimport\b/);
    const { hash } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    expect(hash).toMatch(/^ca978112ca1b/);
  });

  it('of which a class or a constant is imported fails the build', async () => {
    await expect(bundled("import { Hash } from 'node:crypto';\nconsole.log(Hash);\n")).rejects.toThrow(
      'No matching export',
    );
  });
});

it('what ncc requires is taken from the process', () => {
  const script =
    'import { createRequire as given } from "module";\nmodule.exports = given(import.meta.url)("node:fs");\n';
  expect(withoutRequire(script)).toBe('module.exports = process.getBuiltinModule("node:fs");\n');
});
