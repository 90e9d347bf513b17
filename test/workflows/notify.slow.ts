import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StagedRelease } from './act.ts';

let release: StagedRelease;

beforeAll(() => {
  release = new StagedRelease();
});

afterAll(() => release.end());

/** Two steps tell of a deploy in between that fails, by one message of a bot. */
const WORKFLOW = `name: Deploy
on: workflow_dispatch
permissions: {}
jobs:
  announce:
    runs-on: ubuntu-latest
    outputs:
      slack-message: \${{ steps.notify.outputs.slack-message }}
    steps:
      - id: notify
        uses: org/deploy-actions/notify@v1
        with:
          status: started
          service: shop
          slack-token: \${{ secrets.SLACK_TOKEN }}
          slack-channel: C0123456789
          slack-api-url: \${{ vars.SLACK }}
  image:
    runs-on: ubuntu-latest
    steps:
      - run: "true"
  canary:
    needs: image
    runs-on: ubuntu-latest
    outputs:
      reason: \${{ steps.canary.outputs.reason }}
    steps:
      - id: canary
        run: |
          echo "reason=too many errors" >> "$GITHUB_OUTPUT"
          exit 1
  verify:
    needs: canary
    runs-on: ubuntu-latest
    steps:
      - run: "true"
  tell:
    needs: [announce, image, canary, verify]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - uses: org/deploy-actions/notify@v1
        with:
          status: \${{ contains(needs.*.result, 'failure') && 'failure' || contains(needs.*.result, 'cancelled') && 'cancelled' || 'success' }}
          service: shop
          reason: \${{ needs.canary.outputs.reason }}
          steps: \${{ toJSON(needs) }}
          slack-token: \${{ secrets.SLACK_TOKEN }}
          slack-message: \${{ needs.announce.outputs.slack-message }}
          slack-api-url: \${{ vars.SLACK }}
`;

it('one message of a bot follows a deploy through the jobs of a workflow', async () => {
  const heard: { readonly path: string; readonly text: string; readonly body: Record<string, unknown> }[] =
    [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      heard.push({ path: request.url ?? '', text, body: JSON.parse(text) });
      response.end('{"ok":true,"channel":"C0123456789","ts":"1700000000.000100"}');
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  try {
    const run = await release.run(
      {
        files: { '.github/workflows/deploy.yml': WORKFLOW },
        variables: { SLACK: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/` },
        secrets: { SLACK_TOKEN: 'xoxb-hunter2' },
      },
      { env: () => ({}) },
    );
    expect(run.log).not.toContain('hunter2');
    expect(
      heard.map(({ path }) => path),
      run.log,
    ).toEqual(['/api/chat.postMessage', '/api/chat.update']);
    const [first, second] = heard;
    expect(first?.body).toMatchObject({ channel: 'C0123456789', text: '🚀 shop is being deployed' });
    expect(second?.body).toMatchObject({
      channel: 'C0123456789',
      ts: '1700000000.000100',
      text: '❌ The deploy of shop failed',
    });
    expect(second?.text).toContain('Reason: too many errors');
    for (const part of ['✅ image: success', '❌ canary: failure', '⏭️ verify: skipped']) {
      expect(second?.text).toContain(part);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
