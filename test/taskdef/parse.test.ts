import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError } from '../../src/errors.ts';
import { parseTaskDefinition, readTaskDefinition } from '../../src/taskdef/parse.ts';
import { anyDefinition, WEB } from './definitions.ts';

const problemsOf = async (text: string, file = 'taskdef.json') => {
  const error = await parseTaskDefinition(text, file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems.map(({ input, message }) => `${input} ${message}`);
};

describe('parseTaskDefinition', () => {
  it('reads the same from JSON and from the YAML that says it', async () => {
    await fc.assert(
      fc.asyncProperty(anyDefinition, async (definition) => {
        const json = await parseTaskDefinition(JSON.stringify(definition), 'taskdef.json');
        const yaml = await parseTaskDefinition(stringify(definition, { version: '1.2' }), 'taskdef.yml');
        expect(JSON.parse(JSON.stringify(json))).toEqual(JSON.parse(JSON.stringify(definition)));
        expect(yaml).toEqual(json);
      }),
      { numRuns: 60 },
    );
  });

  it('takes the answer of describe-task-definition, with the tags beside the definition', async () => {
    const answer = { taskDefinition: WEB, tags: [{ key: 'team', value: 'shop' }] };
    expect(await parseTaskDefinition(JSON.stringify(answer), 'x')).toEqual({ ...WEB, tags: answer.tags });
  });

  it('reads a file that starts with a byte order mark', async () => {
    expect(await parseTaskDefinition(`\uFEFF${JSON.stringify(WEB)}`, 'x')).toEqual(WEB);
  });

  it('resolves anchors and merge keys of YAML', async () => {
    const text = `
base: &base { essential: true, cpu: 10 }
family: web
containerDefinitions:
  - { name: app, <<: *base }
`;
    const { containerDefinitions } = await parseTaskDefinition(text, 'taskdef.yml');
    expect(containerDefinitions).toEqual([{ name: 'app', essential: true, cpu: 10 }]);
  });

  it('makes texts of the numbers and booleans that AWS takes as texts, as they are written', async () => {
    const text = `
family: web
cpu: 256
memory: 512
containerDefinitions:
  - name: app
    memory: 256
    user: 0o17
    command: [serve, --port, 8080]
    environment:
      - { name: VERSION, value: 1.10 }
      - { name: DEBUG, value: yes }
      - { name: TRACE, value: true }
`;
    expect(await parseTaskDefinition(text, 'taskdef.yaml')).toEqual({
      family: 'web',
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        {
          name: 'app',
          memory: 256,
          user: '0o17',
          command: ['serve', '--port', '8080'],
          environment: [
            { name: 'VERSION', value: '1.10' },
            { name: 'DEBUG', value: 'yes' },
            { name: 'TRACE', value: 'true' },
          ],
        },
      ],
    });
  });

  it('keeps keys that every object has as what they are: keys', async () => {
    const text = '{"family":"web","constructor":1,"containerDefinitions":[{"name":"app","toString":2}]}';
    expect(JSON.parse(JSON.stringify(await parseTaskDefinition(text, 'x')))).toEqual(JSON.parse(text));
  });

  it.each([
    [
      '{\n  "family": "web"\n  "cpu": 1\n}',
      'taskdef.json:3:3 is not JSON: "," or a closing bracket is expected here',
    ],
    [
      '{ "family": web }',
      'taskdef.json:1:13 is not JSON: this is not a value of JSON; a text needs double quotes',
    ],
    ['// the web\n{ family: "web" }', 'taskdef.json:2:3 is not JSON: a key needs double quotes'],
    ["{ 'family': 1 }", 'taskdef.json:1:3 is not JSON: there is a single quote; JSON takes double quotes'],
    ['{ # family\n}', 'taskdef.json:1:3 is not JSON: there is a "#"; comments start with // in JSON'],
    ['/* the web', 'taskdef.json:1:1 is not JSON: this comment has no end; close it with */'],
    [
      '{"family":"a",\n "cpu": 1, "family":"b"}',
      'taskdef.json:2:12 this key stands twice in its object; keep one of them',
    ],
    [
      '{"family":"a", /* twice */ "x": { "y": 1, "y": 1 }}',
      'taskdef.json:1:43 this key stands twice in its object; keep one of them',
    ],
    ['{ "a": 1 } }', 'taskdef.json:1:12 is not JSON: there is more text after the end of the JSON value'],
    ['{ "a": [1, 2 ', 'taskdef.json:1:14 is not JSON: "," or "]" is expected here, but the text ends'],
    ['{ "a": "b\n" }', 'taskdef.json:1:8 is not JSON: this string is not closed on its line'],
    ['{ "family": ', 'taskdef.json:1:13 is not JSON: a value is expected here, but the text ends'],
    ['family: web\n\tcpu: 1', 'taskdef.json:2:1 is not YAML: Tabs are not allowed as indentation'],
    ['family: web\nfamily: api', 'taskdef.json:2:1 is not YAML: this key stands twice in its mapping'],
    [
      'family: !Ref Name',
      'taskdef.json:1:9 is not YAML: this tag cannot be resolved here; write the value itself',
    ],
    [
      'family: a\n---\nfamily: b',
      'taskdef.json:2:1 is not YAML: a second document starts here; the file may hold only one',
    ],
    [
      'family: *none',
      'taskdef.json:1:1 is not YAML: an alias (*name) has no anchor (&name), or there are too many',
    ],
    [' \n', 'taskdef.json the file is empty'],
    ['[]', 'taskdef.json:1:1 is a list; a task definition is a mapping of fields'],
  ])('says where %j stops being readable', async (text, problem) => {
    expect(await problemsOf(text)).toEqual([problem]);
  });

  it('finds no alias bomb worth expanding', async () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(await problemsOf(['a0: &a0 [x]', ...lines].join('\n'), 'x.yml')).toHaveLength(1);
  });

  it('reports every field that is not what rendering relies on, with its place', async () => {
    const text = `{
  "family": "my web",
  "containerDefinitions": [
    { "image": 5 },
    { "name": "app", "environment": { "A": "b" } },
    { "name": "app", "secrets": [{ "valueFrom": "arn" }] },
    "proxy"
  ]
}`;
    expect(await problemsOf(text)).toEqual([
      'taskdef.json:2:13 the family is "my web"; ECS takes up to 255 letters, digits, hyphens and underscores',
      'taskdef.json:4:5 the name of container 1 is missing',
      'taskdef.json:4:16 the image of container 1 is a number, not a text',
      'taskdef.json:5:37 environment of container "app" is a mapping; write a list of { name, value }',
      'taskdef.json:6:15 container "app" stands twice; every container needs a name of its own',
      'taskdef.json:6:34 entry 1 in secrets of container "app" has no name',
      'taskdef.json:7:5 container 4 is a text, not a mapping of fields',
    ]);
  });

  it('names what is missing altogether', async () => {
    expect(await problemsOf('{\n  "taskDefinition": {}\n}')).toEqual([
      'taskdef.json:2:21 the family is missing',
      'taskdef.json:2:21 containerDefinitions is missing; it is the list of the containers',
    ]);
  });

  it('never quotes the text of the file, which may hold secrets', async () => {
    const definition = JSON.stringify({
      family: 'web',
      containerDefinitions: [{ name: 'app', environment: [{ name: 'TOKEN', value: 'hunter2' }] }],
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(definition.length - 1),
        fc.constantFrom('', ',', '"', '\n', '}', '*', '&', '!', '\t', '%', '@', ': '),
        fc.constantFrom('x.json', 'x.yml'),
        async (at, noise, file) => {
          const broken = definition.slice(0, at) + noise + definition.slice(at + 1);
          const error = await parseTaskDefinition(broken, file).catch((thrown: unknown) => thrown);
          if (error instanceof Error) expect(error.message).not.toContain('hunter');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('readTaskDefinition', () => {
  const text = `// of the shop
{
  "tags": [{ "key": "team", "value": "shop" }],
  "taskDefinition": {
    "family": "web",
    "containerDefinitions": [
      {
        "name": "app",
        "environment": [
          { "name": "A", "value": "1" },
          { "name": "B", "value": "2" },
        ],
      },
    ],
  },
}`;

  it('knows where the parts of the definition stand in the file, or what is above them', async () => {
    const { placeOf } = await readTaskDefinition(text, 'taskdef.jsonc');
    expect(await placeOf(['family'])).toEqual({ line: 5, column: 15 });
    expect(await placeOf(['containerDefinitions', 0, 'environment', 1, 'value'])).toEqual({
      line: 11,
      column: 35,
    });
    expect(await placeOf(['containerDefinitions', 0, 'healthCheck', 'command'])).toEqual({
      line: 7,
      column: 7,
    });
    expect(await placeOf(['tags', 0, 'key'])).toEqual({ line: 3, column: 21 });
    expect(await placeOf(['cpu'])).toEqual({ line: 4, column: 21 });
  });

  it('finds variables of what was rendered from it by their names', async () => {
    const { definition, placeOf } = await readTaskDefinition(text, 'taskdef.jsonc');
    const [app] = definition.containerDefinitions;
    const environment = [{ name: 'NEW' }, { name: 'B' }];
    const rendered = { ...definition, containerDefinitions: [{ name: 'app', ...app, environment }] };
    const at = ['containerDefinitions', 0, 'environment'];
    expect(await placeOf([...at, 1, 'value'], rendered)).toEqual({ line: 11, column: 35 });
    expect(await placeOf([...at, 0, 'value'], rendered)).toEqual({ line: 9, column: 24 });
  });

  it('knows the places of plain JSON and of YAML as well', async () => {
    const json = '{"family":"web",\n"containerDefinitions":[{"name":"app"}]}';
    const yaml = 'family: web\ncontainerDefinitions:\n  - name: app\n';
    const path = ['containerDefinitions', 0, 'name'];
    expect(await (await readTaskDefinition(json, 'x')).placeOf(path)).toEqual({ line: 2, column: 33 });
    expect(await (await readTaskDefinition(yaml, 'x')).placeOf(path)).toEqual({ line: 3, column: 11 });
  });
});
