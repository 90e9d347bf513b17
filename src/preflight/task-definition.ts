import { isObject, type TaskDefinition } from '../taskdef/definition.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

export interface DefinitionFacts {
  /** Where it came from: a path, or `web:41`. */
  readonly origin: string;
  /** False for a revision that was deregistered. */
  readonly active: boolean;
  /** What validation says of it. */
  readonly faults: readonly { readonly severity: 'error' | 'warning'; readonly message: string }[];
  readonly definition: TaskDefinition;
}

/** Whether ECS takes the definition, and the service's load balancers find their container in it. */
export function checkDefinition(
  { origin, active, faults, definition }: DefinitionFacts,
  loadBalancers: readonly { readonly containerName: string; readonly containerPort: number }[],
): readonly Finding[] {
  const check = 'task-definition';
  const findings: Finding[] = [];
  if (!active) {
    findings.push(
      fail(
        check,
        `${origin} was deregistered, so ECS starts no task of it`,
        'Name another revision, or register it anew.',
      ),
    );
  }
  for (const { severity, message } of faults) {
    findings.push(
      severity === 'error'
        ? fail(check, message, `Mend it in ${origin}: ECS does not take it like that.`)
        : warn(check, message, `Look at it in ${origin}.`),
    );
  }
  const names = definition.containerDefinitions.map(({ name }) => name).join(', ');
  for (const { containerName, containerPort } of loadBalancers) {
    const container = definition.containerDefinitions.find(({ name }) => name === containerName);
    if (!container) {
      findings.push(
        fail(
          check,
          `it has no container "${containerName}", to which the load balancer sends its requests; it has ${names}`,
          'Give a container that name, or change the load balancer of the service.',
        ),
      );
      continue;
    }
    const ports = (container.portMappings ?? []).filter(isObject).map((mapping) => mapping['containerPort']);
    if (ports.includes(containerPort)) continue;
    findings.push(
      fail(
        check,
        `the container "${containerName}" has no port mapping for ${containerPort}, to which the load balancer sends its requests`,
        `Add { "containerPort": ${containerPort} } to its portMappings.`,
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [pass(check, `${origin}: ECS takes it, and the load balancer finds its container`)];
}
