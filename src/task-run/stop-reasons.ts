import { printable } from '../taskdef/shape.ts';

/** What a known reason means, and what mends it; whole sentences. */
export interface KnownReason {
  readonly meaning: string;
  readonly fix: string;
}

type Row = readonly [pattern: RegExp, meaning: string, fix: string];

/**
 * Why a container did not start, by AWS's words; the most telling first.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
const START_FAILURES: readonly Row[] = [
  [
    /executable file not found|exec: .*no such file or directory|stat .*no such file or directory/is,
    'Its image has no such command.',
    'Check the first word of the command (and entryPoint): it must be a program in the image, by its path or on its PATH. A command with shell syntax needs ["sh", "-c", "..."]; an image without a shell cannot take one.',
  ],
  [
    /exec: .*permission denied|permission denied: unknown/is,
    'Its command may not be executed.',
    'Make the file executable in the image (chmod +x), and readable for the user that the container runs as.',
  ],
  [
    /exec format error/i,
    'Its command was not built for the processor of the task.',
    'Build the image for the cpuArchitecture of the task definition (X86_64 is linux/amd64, ARM64 is linux/arm64).',
  ],
  [
    /CannotPull\w*Error.*(toomanyrequests|rate limit|429)/is,
    'The registry does not let its image be pulled so often.',
    'Keep the image in Amazon ECR or pull it through an ECR pull through cache; for Docker Hub, give the container repositoryCredentials.',
  ],
  [
    /CannotPull\w*Error.*(no space left|disk)/is,
    'Its image does not fit on the disk.',
    'Make the image smaller, or set ephemeralStorage of the task definition to more than 20 GiB; on EC2, free or enlarge the disk of the container instance.',
  ],
  [
    /CannotPull\w*Error.*(manifest does not contain descriptor matching platform|no match for platform|exec format)/is,
    'Its image was not built for the processor of the task.',
    'Build the image for the cpuArchitecture of the task definition (X86_64 is linux/amd64, ARM64 is linux/arm64), or for both.',
  ],
  [
    /CannotPull\w*Error.*(not authorized|AccessDenied|403 forbidden|pull access denied|no basic auth credentials|authorization failed|unauthorized)/is,
    'Its image may not be pulled, or there is no such repository.',
    'Check the name of the image. For ECR, allow the execution role ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer (AmazonECSTaskExecutionRolePolicy has them), and this account in the policy of a repository of another account; for another registry, give the container repositoryCredentials.',
  ],
  [
    /CannotPull\w*Error.*(not found|manifest unknown|does not exist|name unknown)/is,
    'There is no such image.',
    'Check repository, tag and digest of the image, and that its push has succeeded in this account and region.',
  ],
  [
    /CannotPull\w*Error.*(i\/o timeout|timed? ?out|deadline exceeded|Client\.Timeout|connection refused|no route|no such host|dial tcp|EOF|context canceled)/is,
    'The registry cannot be reached from the subnets of the task.',
    'Give the task subnets with a route to the registry: through a NAT gateway, with a public IP address in a public subnet, or for ECR by VPC endpoints (ecr.api, ecr.dkr, and a gateway for S3); its security groups must let HTTPS out.',
  ],
  [
    /CannotPull\w*Error/i,
    'Its image cannot be pulled.',
    'See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html for this message.',
  ],
  [
    /ResourceInitializationError.*log(ger|ging|s?:| stream| group).*(ResourceNotFound|does not exist)/is,
    'Its log group does not exist.',
    'Create the log group, or set awslogs-create-group to "true" in its log options and allow the execution role logs:CreateLogGroup.',
  ],
  [
    /ResourceInitializationError.*log(ger|ging|s?:| stream| group).*(AccessDenied|not authorized)/is,
    'Its log may not be written.',
    'Allow the execution role logs:CreateLogStream and logs:PutLogEvents, and logs:CreateLogGroup where awslogs-create-group is "true".',
  ],
  [
    /ResourceInitializationError.*(logger args|logging driver|log stream|log group)/is,
    'Its log driver could not be set up: CloudWatch Logs cannot be reached from the subnets of the task, or the log options are wrong.',
    'Check the log options; give the subnets a route to CloudWatch Logs, through a NAT gateway or a VPC endpoint (logs).',
  ],
  [
    /ResourceInitializationError.*(did not contain json key|invalid ssm parameters|ResourceNotFound|can't find the specified secret|secret.*not found)/is,
    'A secret or parameter that its definition names does not exist, or has no such key.',
    'Check valueFrom of its secrets: the ARN, region, JSON key and version.',
  ],
  [
    /ResourceInitializationError.*(secret|ssm|asm|registry auth|ecr).*(AccessDenied|not authorized)/is,
    'The execution role may not read a secret, a parameter or the registry.',
    'Allow the execution role what the message names: secretsmanager:GetSecretValue, ssm:GetParameters, kms:Decrypt on the key of an own one, or ecr:GetAuthorizationToken.',
  ],
  [
    /ResourceInitializationError.*(secret|ssm|asm|registry auth|ecr).*(timeout|timed out|deadline|retried|canceled|dial tcp)/is,
    'Secrets Manager, Parameter Store or ECR cannot be reached from the subnets of the task.',
    'Give the task subnets with a route to them: through a NAT gateway, with a public IP address in a public subnet, or by VPC endpoints (secretsmanager, ssm, ecr.api, ecr.dkr, S3); the security groups of the endpoints must let HTTPS in from the task.',
  ],
  [
    /ResourceInitializationError.*(EFS|mount)/is,
    'A file system could not be mounted.',
    'EFS needs a mount target in the zone of the subnet, a security group that lets NFS (port 2049) in from the task, and where IAM is on, elasticfilesystem:ClientMount for the task role; the VPC must resolve DNS names.',
  ],
  [
    /ResourceInitializationError.*env(ironment)? ?files?/is,
    'An environment file could not be fetched from S3.',
    'Check the ARN in environmentFiles, allow the execution role s3:GetObject and s3:GetBucketLocation, and give the subnets a route to S3.',
  ],
  [
    /ResourceInitializationError/i,
    'What the task needs could not be set up.',
    'See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html for this message; a VPC without DNS resolution or without a route to AWS is the usual cause.',
  ],
  [
    /CannotStartContainerError|CannotCreateContainerError|CannotCreateVolumeError/i,
    'It could not be started.',
    'See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html for this message; command, user, volumes and memory of the container are the usual causes.',
  ],
  [
    /(ContainerRuntime|Docker|TaskStart)\w*Timeout\w*|could not transition to|timed out after waiting/i,
    'It did not start in time.',
    'Run the job again; when it stays, look at the size of its image, its dependsOn conditions and the state of the container instance.',
  ],
  [
    /network interface|\bENI\b|elastic network/i,
    'The task got no network interface.',
    'Run the job again; when it stays, check that the subnets have free addresses and that the account has network interfaces left.',
  ],
  [
    /unable to assume (the )?role|assume the service linked role/i,
    'ECS may not take on the role of the task.',
    'Let the role trust ecs-tasks.amazonaws.com, and check that it exists in this account.',
  ],
  [
    /capacity is (currently )?unavailable|RESOURCE:|unable to place/i,
    'There was no room for it.',
    'Run the job again later, give subnets in more availability zones, or a capacity provider with more room.',
  ],
];

/** Who or what stops a task that runs, by its stopCode. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html */
const STOP_CODES: Readonly<Record<string, KnownReason>> = {
  SpotInterruption: {
    meaning: 'AWS took the Spot capacity back that the task ran on.',
    fix: 'Run it on FARGATE or on-demand instances: what must not be interrupted has no place on Spot.',
  },
  UserInitiated: {
    meaning: 'Somebody, or another program, stopped the task by StopTask.',
    fix: 'CloudTrail has who called StopTask.',
  },
  ServiceSchedulerInitiated: {
    meaning: 'The scheduler of a service stopped the task.',
    fix: 'A task of its own belongs to no service: look at who has started it.',
  },
  TerminationNotice: {
    meaning: 'AWS stopped the task because what it ran on is maintained, retired or lost.',
    fix: 'Run the job again. Tasks on Fargate that are to be retired are told of in the AWS Health Dashboard.',
  },
};

const HOST_GONE: KnownReason = {
  meaning: 'The instance that the task ran on was terminated or lost.',
  fix: 'Run the job again; managed termination protection of the capacity provider keeps scale-in away from running tasks.',
};

/** What AWS's words about a container that did not start mean. */
export function startFailure(words: string): KnownReason | undefined {
  const row = START_FAILURES.find(([pattern]) => pattern.test(words));
  return row && { meaning: row[1], fix: row[2] };
}

/** What stopped a task that ran, other than its own containers. */
export function stopCause(stopCode: string | undefined, stoppedReason = ''): KnownReason | undefined {
  if (/^Host EC2|instance .*terminated|agent.*disconnect/i.test(stoppedReason)) return HOST_GONE;
  return stopCode === undefined ? undefined : STOP_CODES[stopCode];
}

const MEMORY: KnownReason = {
  meaning: 'It used more memory than it may have and was killed.',
  fix: 'Give the task or its container more memory (memory), or let the command work in smaller portions.',
};

const SIGNALS: Readonly<Record<number, readonly [string, string]>> = {
  6: ['SIGABRT', 'was aborted, by itself or by its runtime'],
  7: ['SIGBUS', 'crashed on an address that is not there'],
  8: ['SIGFPE', 'crashed in a calculation'],
  9: ['SIGKILL', 'was killed'],
  11: ['SIGSEGV', 'crashed on memory that is not its own'],
  15: ['SIGTERM', 'was told to stop'],
};

/** What an exit code other than 0 says, and where it is documented what mends it, that. */
export function exitCodeMeaning(
  code: number,
  reason = '',
): { readonly meaning: string; readonly fix?: string } {
  if (/OutOfMemory/i.test(reason)) return MEMORY;
  if (code === 137) {
    return {
      meaning:
        'It was killed (SIGKILL): by the kernel, as memory ran out, or because it went on after it was told to stop.',
      fix: 'If nobody stopped the task, give it more memory.',
    };
  }
  if (code === 127) {
    return {
      meaning: 'A command was not found (exit code 127 of a shell).',
      fix: 'Check that the program is in the image and on its PATH.',
    };
  }
  if (code === 126) {
    return {
      meaning: 'A command could not be executed (exit code 126 of a shell).',
      fix: 'Make the file executable in the image, for the user that the container runs as, and for its processor.',
    };
  }
  const signal = code > 128 ? SIGNALS[code - 128] : undefined;
  return { meaning: signal ? `It ${signal[1]} (${signal[0]}).` : '' };
}

/** AWS's own words in a sentence, at most so long as to be read. */
export const quoted = (words: string): string => {
  const line = printable(words).trim().replace(/\.$/, '');
  return `"${line.length > 1_000 ? `${line.slice(0, 1_000)}...` : line}"`;
};
