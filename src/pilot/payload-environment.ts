import type { ClaimedJob } from '../contract/index.js';
import type { Environment } from './node-facts.js';

/** Names that payloads inherit from the pilot. Everything else stays out, secrets first of all. */
const mayPass =
  /^(PATH|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|SHELL|LD_LIBRARY_PATH|X509_CERT_DIR|SSL_CERT_(FILE|DIR)|CVMFS_\w+|http_proxy|https_proxy|no_proxy|HTTP_PROXY|HTTPS_PROXY|NO_PROXY|FRONTIER_\w+)$/;
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the payload's environment is made of, besides the job. */
export interface Surroundings {
  inherited: Environment;
  job: string;
  temporary: string;
  /** Numbers of the GPUs that are the job's own. */
  gpus: number[];
  /** By these the pilot finds everything that the payload started. */
  marks: Readonly<Record<string, string>>;
}

/** The environment of a payload: a clean base, what DIRAC's jobs expect, then what the job asks for. */
export function payloadEnvironment(claimed: ClaimedJob, surroundings: Surroundings): Record<string, string> {
  const base: Record<string, string> = { LANG: 'C.UTF-8' };
  for (const [name, value] of Object.entries(surroundings.inherited)) {
    if (value !== undefined && mayPass.test(name) && !hasPassword(value)) base[name] = value;
  }
  base['PATH'] = searchPath(base['PATH']);
  const processors = String(claimed.processors);
  const id = String(claimed.job_id);
  return {
    ...base,
    OMP_NUM_THREADS: processors,
    OPENBLAS_NUM_THREADS: processors,
    MKL_NUM_THREADS: processors,
    ...claimed.description.environment,
    HOME: surroundings.job,
    PWD: surroundings.job,
    TMPDIR: surroundings.temporary,
    DIRACJOBID: id,
    JOBID: id,
    PILOTAGE_JOB_ID: id,
    PILOTAGE_ATTEMPT: String(claimed.attempt),
    DIRACSITE: claimed.site,
    DIRAC_PROCESSORS: processors,
    DIRAC_JOB_PROCESSORS: processors,
    DIRAC_WHOLENODE: claimed.description.whole_node ? 'True' : 'False',
    CUDA_VISIBLE_DEVICES: visibleGpus(surroundings),
    ...surroundings.marks,
  };
}

/** Proxy URLs may carry a password of the site. */
function hasPassword(value: string): boolean {
  return /:\/\/[^/@\s]*:[^/@\s]*@/.test(value);
}

/** The GPUs of the job, numbered as the batch system numbered those of the pilot. */
function visibleGpus({ gpus, inherited }: Surroundings): string {
  const given = inherited['CUDA_VISIBLE_DEVICES']?.split(',');
  return gpus.length === 0 ? '-1' : gpus.map((index) => given?.[index]?.trim() ?? String(index)).join(',');
}

/** The site's PATH, then the system's: what the site put in places that payloads do not see must not take `ls` from them. */
function searchPath(given = ''): string {
  return [...new Set([...given.split(':'), ...systemPath.split(':')])]
    .filter((folder) => folder.startsWith('/'))
    .join(':');
}
