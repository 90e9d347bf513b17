import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as runEcrPush } from '../../../src/actions/ecr-push/run.ts';
import type { ScenarioFinding, ScenarioRepository } from '../../../src/simulator/ecr/model.ts';
import { type ImageContent, writeLayout } from '../../images/layout.ts';
import { inRegistry } from '../../images/registry-world.ts';
import { type RunHere, runHere, workspace } from '../../images/run-here.ts';

const ecrPush = { name: 'ecr-push', run: runEcrPush };

const finding = (n: number, severity: ScenarioFinding['severity']): ScenarioFinding => ({
  name: `CVE-2026-${String(n).padStart(5, '0')}`,
  severity,
  package: 'openssl',
  version: `3.0.${n}`,
  fixedIn: '3.2.0',
});

interface Scanned extends RunHere {
  readonly operations: readonly string[];
}

async function scan(
  repository: ScenarioRepository,
  inputs: Readonly<Record<string, string>>,
  content: Partial<ImageContent> = {},
): Promise<Scanned> {
  const results: Scanned[] = [];
  await inRegistry(
    { shop: repository },
    async (world) => {
      const directory = workspace();
      writeLayout(join(directory, 'image'), { text: 'one', ...content });
      const all = { repository: 'shop', 'oci-layout': 'image', 'fail-on': 'high', ...inputs };
      const run = await runHere(world, ecrPush, all, { directory });
      results.push({ ...run, operations: world.calls.map(({ operation }) => operation) });
    },
    { scale: 1_000 },
  );
  const [only] = results;
  if (!only) throw new Error('nothing ran');
  return only;
}

const MIXED = [finding(1, 'MEDIUM'), finding(2, 'CRITICAL'), finding(3, 'HIGH'), finding(4, 'UNDEFINED')];

describe('the scan of an image that was pushed', () => {
  test('lets pass what is below the limit', async () => {
    const run = await scan({ scanning: 'on-push', findings: [finding(1, 'MEDIUM')] }, {});
    expect(run.told).toBe('');
    expect(run.log).toContain('shop: the scan found nothing at or above high; below it 1 medium');
    expect(run.summary).toContain('✅ shop: nothing at or above high');
    expect(run.operations).not.toContain('StartImageScan');
  });

  test('fails on what is at the limit or above, and on what nobody rates', async () => {
    const run = await scan({ scanning: 'on-push', findings: MIXED }, {});
    expect(run.told).toContain(
      'The scan found what fail-on: high does not let pass: shop has 1 critical, 1 undefined, 1 high',
    );
    expect(run.log).toContain('::error::shop: CVE-2026-00002 (critical) in openssl 3.0.2');
    expect(run.outputs['reference']).toMatch(/^ecr:shop@sha256:/);
  });

  test('lets findings pass until their day is over', async () => {
    const run = await scan(
      { scanning: 'on-push', findings: MIXED },
      {
        'allow-findings': [
          'CVE-2026-00002 until 2026-01-05 # today, by the clock of the world',
          'CVE-2026-00003 until 2026-01-04',
          'CVE-2026-00004 until 2027-01-01',
          'CVE-2020-99999 until 2027-01-01',
        ].join('\n'),
      },
    );
    expect(run.told).toContain('shop has 1 high');
    expect(run.log).toContain('shop: CVE-2026-00002 (critical) in openssl 3.0.2, let pass until 2026-01-05');
    expect(run.log).toContain(
      '::warning::shop: CVE-2026-00003 was let pass until 2026-01-04, which is over.',
    );
    expect(run.log).toContain('CVE-2020-99999 of allow-findings is not there (any more)');
  });

  test('is asked for where the repository does not scan by itself', async () => {
    const run = await scan({ scanning: 'manual' }, {});
    expect(run.told).toBe('');
    expect(run.operations.filter((operation) => operation === 'StartImageScan')).toHaveLength(1);
  });

  test('is waited for in a registry with enhanced scanning, which tells the version that mends', async () => {
    const run = await scan({ scanning: 'enhanced', findings: [finding(1, 'CRITICAL')] }, {});
    expect(run.log).toContain('CVE-2026-00001 (critical) in openssl 3.0.1, mended in 3.2.0');
    expect(run.told).toContain('shop has 1 critical');
  });

  test.each([
    ['never ends', { scanning: 'never' }, 'its scan was not over after 2m'],
    ['fails', { scanning: 'failing' }, 'FAILED: UnsupportedImageError'],
  ] as const)('that %s is no evidence, and the user decides', async (_, repository, why) => {
    const failed = await scan(repository, { 'scan-timeout': '2m' });
    expect(failed.told).toContain('No scan says whether shop is sound');
    expect(failed.told).toContain(why);
    const passed = await scan(repository, { 'scan-timeout': '2m', 'on-no-scan': 'proceed' });
    expect(passed.told).toBe('');
    expect(passed.log).toContain(`::warning::shop: nothing is known of weaknesses in it: ${why}`);
    expect(passed.summary).toContain('❔ shop: no scan');
  });

  test('is one of each platform for an index, and each finding is told once', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const run = await scan({ scanning: 'on-push', findings: [finding(1, 'HIGH')] }, {}, { platforms });
    expect(run.told).toContain('shop has 1 high');
    expect(run.log.match(/waiting for the scan/g)).toHaveLength(2);
  });

  test('with very many findings fits into ten annotations and a summary', async () => {
    const findings = Array.from({ length: 2_500 }, (_, n) => ({
      ...finding(n, 'HIGH'),
      package: `a|b](javascript:x)<img src=x>\n::warning::## ${'x'.repeat(300)}`,
      uri: 'https://example.com/a|b',
    }));
    const run = await scan({ scanning: 'on-push', findings }, {});
    expect(run.log.match(/^::error::/gm)).toHaveLength(10);
    expect(run.log).toContain('::error::2491 more findings are in the log of this job.');
    expect(run.log).toContain('CVE-2026-02499');
    expect(run.summary.length).toBeLessThan(1024 * 1024);
    expect(run.summary).toContain('2300 more are not shown; the log has all that fail.');
    const rows = run.summary.split('\n').filter((line) => line.includes('CVE-2026'));
    expect(rows).toHaveLength(200);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g), row).toHaveLength(6);
    expect(run.summary).not.toMatch(/(?<!\\)<img/);
    expect(run.log).not.toMatch(/^::warning/m);
  });

  test('is given up when the run is cancelled', async () => {
    await inRegistry({ shop: { scanning: 'never' } }, async (world) => {
      const directory = workspace();
      writeLayout(join(directory, 'image'), { text: 'one' });
      const controller = new AbortController();
      const inputs = { repository: 'shop', 'oci-layout': 'image', 'fail-on': 'high' };
      const running = runHere(world, ecrPush, inputs, { directory, cancelled: controller.signal });
      await world.until(() => world.calls.some(({ operation }) => operation === 'DescribeImageScanFindings'));
      controller.abort('SIGINT');
      expect((await running).told).toContain('The run was cancelled.');
    });
  });
});
