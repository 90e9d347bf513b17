/** Every check by its stable name, in the order in which they are told. */
export const CHECKS = [
  'freeze',
  'service',
  'task-definition',
  'image',
  'architecture',
  'scan',
  'secrets',
  'execution-role',
  'logs',
  'network',
  'health-check',
  'circuit-breaker',
  'alarms',
  'backup',
  'migrations',
  'capacity',
  'permissions',
] as const;

export type CheckName = (typeof CHECKS)[number];
