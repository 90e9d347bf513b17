import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDirectory } from '../../../src/actions/frontend/read-directory.ts';
import { workspace } from '../../images/run-here.ts';
import { type Build, writeBuild } from './frontend-world.ts';

const built = (build: Build): string => {
  const directory = workspace();
  writeBuild(join(directory, 'dist'), build);
  return directory;
};

describe('a build folder', () => {
  test('is read with the hashes of its files, without what has a dot or looks like a secret', async () => {
    const directory = built({
      'index.html': 'abc',
      'a b/ñ&?.txt': '',
      '.well-known/security.txt': 'mail',
      '.git/config': 'x',
      'a b/.DS_Store': 'x',
      'certs/server.key': 'x',
      '.env': 'x',
    });
    const { files, skipped, secrets, read } = await readDirectory(directory, 'dist', '');
    expect(files.map(({ path, size }) => [path, size])).toEqual([
      ['.well-known/security.txt', 4],
      ['a b/ñ&?.txt', 0],
      ['index.html', 3],
    ]);
    expect(files[2]?.sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(skipped.toSorted()).toEqual(['.git', 'a b/.DS_Store']);
    expect(secrets.toSorted()).toEqual(['.env', 'certs/server.key']);
    expect(Buffer.from(await read('index.html')).toString()).toBe('abc');
  });

  test.for([
    [{}, 'there is no folder "dist" in the workspace'],
    [{ '.keep': '' }, 'the folder "dist" is empty'],
    [
      { 'browser/index.html': '' },
      'the folder "dist" has no index.html, and 1 other file; give the folder that has it',
    ],
    [{ 'index.html': '', 'a\nb': '' }, 'its name has characters that are no text in UTF-8'],
  ] as const)('%o is refused: %s', async ([build, message]) => {
    await expect(readDirectory(built(build), 'dist', '')).rejects.toThrow(message);
  });

  test.for(['..', '../..', '/', 'dist/../../other'])(
    'outside of the workspace is refused: %s',
    async (name) => {
      await expect(readDirectory(built({ 'index.html': '' }), name, '')).rejects.toThrow(
        `directory: "${name}" is outside of the workspace; give the folder of the build, such as dist`,
      );
    },
  );

  // Root reads everything.
  test.skipIf(process.getuid?.() === 0)('that cannot be read is an error of the file', async () => {
    const directory = built({ 'index.html': '', 'closed.js': '', 'folder/a': '' });
    const close = (path: string) => chmodSync(join(directory, 'dist', path), 0);
    close('closed.js');
    await expect(readDirectory(directory, 'dist', '')).rejects.toThrow(
      'directory: "closed.js" cannot be read: EACCES',
    );
    close('folder');
    const refused = readDirectory(directory, 'dist', '');
    await expect(refused).rejects.toThrow('directory: "folder" cannot be read: EACCES');
    chmodSync(join(directory, 'dist', 'folder'), 0o700);
  });

  test('whose file is gone when it is to go up says which', async () => {
    const directory = built({ 'index.html': '', 'a.js': '' });
    const { read } = await readDirectory(directory, 'dist', '');
    rmSync(join(directory, 'dist', 'a.js'));
    await expect(read('a.js')).rejects.toThrow(
      '"a.js" of "dist" could be read before, and cannot any more: ENOENT',
    );
  });

  test('may link to its own files, and to nothing else', async () => {
    const directory = built({ 'index.html': 'abc', 'real.js': 'x', '.env': 'TOKEN=1', 'folder/a': '' });
    const link = (target: string, name: string) => symlinkSync(target, join(directory, 'dist', name));
    link('real.js', 'link.js');
    const { files } = await readDirectory(directory, 'dist', '');
    expect(files.find(({ path }) => path === 'link.js')?.size).toBe(1);
    link('/etc/hostname', 'host.txt');
    link('.env', 'env.txt');
    link('folder', 'other');
    link('nothing', 'gone.txt');
    await expect(readDirectory(directory, 'dist', '')).rejects.toMatchObject({
      problems: expect.arrayContaining(
        [
          '"host.txt": is a link out of the folder; put the file itself there',
          '"env.txt": is a link to a file that is not published',
          '"other": is a link to a directory; put the files there',
          '"gone.txt": is a link that leads nowhere',
        ].map((message) => ({ input: 'directory', message })),
      ),
    });
  });
});
