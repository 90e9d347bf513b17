import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLayout } from '../images/layout.ts';
import { StagedRelease, withSimulator } from './act.ts';

let release: StagedRelease;

beforeAll(() => {
  release = new StagedRelease();
});

afterAll(() => release.end());

/** A service's address that answers every request with this status. */
async function answering<T>(status: number, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
  } finally {
    server.close();
  }
}

const variables = { DEPLOY_ROLE: 'arn:aws:iam::123456789012:role/deploy', AWS_REGION: 'eu-west-1' };

describe('deploy.yml', () => {
  it('goes', async () => {
    const image = join(release.home, 'image');
    const digest = writeLayout(image, { text: 'v2' });
    const project = join(release.home, 'project');
    mkdirSync(project);
    const program = { directory: project };
    await answering(200, (url) =>
      withSimulator(
        {
          repositories: { shop: { immutable: true } },
          override: {
            databases: { instances: { shop: { snapshotTime: 60_000 } } },
            programs: { 'app:v1': program, [digest]: program },
          },
        },
        async (simulator) => {
          const { code, log } = await release.run(
            {
              files: {
                '.github/workflows/release.yml': `on: workflow_dispatch
jobs:
  deploy:
    uses: org/deploy-actions/.github/workflows/deploy.yml@v1
    permissions:
      contents: read
      deployments: write
      id-token: write
    with:
      cluster: prod
      service: web
      environment: production
      build-images: |
        - name: web
          repository: shop
          oci-layout: ${image}
          tags: v2
      backup-db-instances: shop
      migrate-command: sh -c 'echo applied >> log'
      steps: 50% for 4m
      smoke-test-url: ${url}
  after:
    needs: deploy
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo "$DEPLOY"
        env:
          DEPLOY: \${{ toJSON(needs.deploy.outputs) }}
`,
              },
              variables,
            },
            simulator,
          );
          console.log(log);
          console.log(simulator.calls.map(({ operation }) => operation).join(' '));
          expect(code).toBe(0);
          expect(readFileSync(join(project, 'log'), 'utf8')).toBe('applied\n');
          expect(simulator.bugs).toEqual([]);
        },
        120,
      ),
    );
  });
});
