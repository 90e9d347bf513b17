import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { startGithub } from '../github/github-server.ts';
import { Job } from './start-action.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

test('a pull request is judged by the parser that comes with the action', async () => {
  const github = await startGithub({ files: [{ filename: 'db/migrations/2.sql', status: 'added' }] });
  const job = new Job({
    GITHUB_API_URL: github.url,
    GITHUB_REPOSITORY: 'org/web',
    GITHUB_EVENT_NAME: 'pull_request',
  });
  try {
    mkdirSync(join(job.directory, 'db/migrations'), { recursive: true });
    job.file('db/migrations/1.sql', 'CREATE TABLE orders (id int, note varchar(50));');
    job.file('db/migrations/2.sql', 'SELECT 1;\nALTER TABLE orders DROP COLUMN note;');
    const pull_request = { number: 7, head: { sha: 'abc', repo: { full_name: 'org/web' } } };
    job.env['GITHUB_EVENT_PATH'] = job.file('event.json', JSON.stringify({ pull_request }));
    const step = await job.run('check-migrations', { 'github-token': 'secret' });
    expect(step.log).toMatch(/^::error file=db\/migrations\/2\.sql,line=2,col=1::drop-column: /m);
    expect(step.log).toMatch(/^::warning file=db\/migrations\/2\.sql,line=2,col=1::lock-timeout: /m);
    expect(step.outputs).toMatchObject({ compatible: 'false', breaking: '1', blocking: '1' });
    expect(step.summary).toContain('These migrations break the code that runs');
    expect(step.code).toBe(1);
    expect(readFileSync(step.outputs['report'] ?? '', 'utf8').trim()).toBe(step.summary.trim());
  } finally {
    job.end();
    await github.close();
  }
});

test('the parser is found wherever the action is installed', async () => {
  const home = mkdtempSync(join(tmpdir(), 'deploy actions '));
  try {
    cpSync(DIST, join(home, 'dist'), { recursive: true });
    mkdirSync(join(home, 'work'));
    writeFileSync(join(home, 'work/1.sql'), 'DROP TABLE orders');
    const { stdout, status } = spawnSync(process.execPath, [join(home, 'dist/check-migrations/main.js')], {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: { INPUT_FILES: '*.sql', GITHUB_WORKSPACE: join(home, 'work') },
    });
    expect(stdout).toContain('::error file=1.sql,line=1,col=1::drop-table');
    expect(status).toBe(1);
  } finally {
    rmSync(home, { recursive: true });
  }
});
