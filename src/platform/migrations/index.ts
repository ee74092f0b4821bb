import { Installation1764000000001 } from './0001-installation.js';
import { Jobs1764000000002 } from './0002-jobs.js';
import { Matching1764000000003 } from './0003-matching.js';
import { Pilots1764000000004 } from './0004-pilots.js';
import { Sandboxes1764000000005 } from './0005-sandboxes.js';
import { JobCounts1764000000006 } from './0006-job-counts.js';
import { SandboxBytes1764000000007 } from './0007-sandbox-bytes.js';
import { Retention1764000000008 } from './0008-retention.js';
import { TokenRevocations1764000000009 } from './0009-token-revocations.js';
import { PilotFiles1764000000010 } from './0010-pilot-files.js';
import { RunningLimits1764000000011 } from './0011-running-limits.js';
import { ResourceStatuses1764000000012 } from './0012-resource-statuses.js';
import { BlackHoles1764000000013 } from './0013-black-holes.js';
import { Decisions1764000000014 } from './0014-decisions.js';
import { LastOffers1764000000017 } from './0017-last-offers.js';

/** All migrations in order. Forward only: expand first, contract in a later release. */
export const migrations = [
  Installation1764000000001,
  Jobs1764000000002,
  Matching1764000000003,
  Pilots1764000000004,
  Sandboxes1764000000005,
  JobCounts1764000000006,
  SandboxBytes1764000000007,
  Retention1764000000008,
  TokenRevocations1764000000009,
  PilotFiles1764000000010,
  RunningLimits1764000000011,
  ResourceStatuses1764000000012,
  BlackHoles1764000000013,
  Decisions1764000000014,
  LastOffers1764000000017,
];
