/**
 * Aggregates of a production task queue database of LHCb on 28 March 2026, published by the authors of a prototype of
 * matching for DiracX: 871,925 waiting jobs in the 498 task queues (of 501) that are listed with their sizes, 60 sites, no
 * tags. Tables of that day differ by some dozen jobs, because they were not read at one moment. What belongs to what
 * (sites and platforms of a queue) was not published; `lhcb-queue.ts` draws it.
 */

/** Jobs in each task queue, largest first, by group and CPU work (seconds). */
export const queueSizes: readonly { group: string; cpuWork: number; jobs: readonly number[] }[] = [
  { group: 'lhcb_data', cpuWork: 345600, jobs: [3409, 3403] },
  {
    group: 'lhcb_data',
    cpuWork: 1080000,
    jobs: [
      4426, 3999, 3650, 3600, 3226, 3221, 3216, 3181, 3131, 3024, 3012, 2880, 2868, 2867, 2846, 2814, 2713, 2515, 2506,
      2451, 2437, 2411, 2411, 2411, 2411, 2411, 2410, 2369, 2202, 2134, 2091, 2060, 1960, 1910, 1864, 1799, 1741, 1565,
      1536, 1464, 1460, 1439, 1436, 1435, 1432, 1428, 1405, 1380, 1375, 1346, 1292, 1274, 1230, 1218, 1162, 1071, 1061,
      939, 939, 883, 875, 801, 776, 758, 755, 755, 655, 644, 610, 603, 592, 591, 581, 557, 543, 542, 530, 487, 481, 472,
      472, 467, 454, 448, 446, 444, 422, 388, 385, 385, 373, 371, 331, 320, 311, 298, 291, 291, 270, 263, 257, 250, 245,
      244, 211, 210, 210, 205, 204, 204, 198, 183, 183, 179, 178, 176, 165, 160, 145, 142, 133, 124, 122, 114, 109, 109,
      104, 102, 93, 93, 80, 74, 71, 65, 63, 57, 55, 52, 50, 49, 48, 48, 48, 48, 46, 45, 43, 43, 41, 41, 41, 40, 40, 39,
      38, 37, 37, 29, 25, 24, 23, 22, 20, 20, 19, 18, 18, 17, 16, 14, 14, 14, 12, 12, 12, 12, 11, 11, 11, 10, 10, 10,
      10, 10, 8, 8, 7, 7, 6, 5, 5, 5, 4, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1,
    ],
  },
  {
    group: 'lhcb_mc',
    cpuWork: 21600,
    jobs: [
      4174, 4156, 4152, 4151, 4149, 4145, 4143, 4141, 4140, 4132, 4127, 4124, 4123, 4120, 4113, 4110, 4110, 4109, 4095,
      4092, 4089, 4073, 4069, 2655, 2604, 2583, 2576, 2544, 2534, 2527, 2520, 1195, 1165, 1149, 1144, 1141, 1140, 1131,
      1121, 1105, 1099,
    ],
  },
  { group: 'lhcb_mc', cpuWork: 43200, jobs: [2255, 2242, 2232] },
  { group: 'lhcb_mc', cpuWork: 86400, jobs: [2981, 2969, 2968, 2963, 2960, 2960, 2957, 2954, 2945, 2941] },
  {
    group: 'lhcb_mc',
    cpuWork: 172800,
    jobs: [
      2617, 2603, 700, 613, 608, 602, 568, 557, 556, 552, 548, 539, 530, 526, 519, 517, 512, 507, 507, 493, 486, 481,
      463, 456, 332, 311, 303, 293, 266, 258, 254,
    ],
  },
  {
    group: 'lhcb_mc',
    cpuWork: 259200,
    jobs: [
      4966, 4961, 4960, 4959, 4958, 4958, 4956, 4956, 4954, 4954, 4953, 4953, 4952, 4951, 4949, 4949, 4948, 4948, 4948,
      4947, 4947, 4947, 4947, 4946, 4945, 4944, 4944, 4944, 4943, 4941, 4941, 4941, 4941, 4940, 4938, 4937, 4936, 4936,
      4934, 4934, 4924, 4923, 4920, 4278, 4255, 4017, 4016, 4015, 4013, 4012, 4009, 4008, 4008, 4008, 4007, 4006, 4005,
      4004, 4004, 2567, 2556, 2551, 2546, 2362, 1952, 1877, 1867, 1836, 1827, 1821, 1801, 1800, 1797, 1795, 1792, 1777,
      1777, 1774, 1769, 1767, 1731, 1724, 1702, 1699, 1692, 1691, 1690, 871,
    ],
  },
  {
    group: 'lhcb_mc',
    cpuWork: 345600,
    jobs: [
      4518, 4499, 4493, 4486, 2882, 2881, 2870, 2868, 2866, 2862, 2862, 2859, 2843, 2840, 2833, 2830, 2826, 2824, 2817,
      2816, 2813, 2813, 2811, 2811, 2810, 2809, 2806, 2797, 2797, 2796, 2795, 2794, 2789, 2788, 2787, 2785, 2778, 2771,
      2754, 2747, 2740, 2737, 2732, 2696, 1314, 1313, 1311, 1307, 1307, 1306, 1304, 1303, 1301, 1298,
    ],
  },
  { group: 'lhcb_mc', cpuWork: 518400, jobs: [2478, 2465, 2464, 2461, 2461, 2460, 2456, 2455, 2448, 2435] },
  {
    group: 'lhcb_mc',
    cpuWork: 691200,
    jobs: [
      586, 539, 501, 491, 488, 484, 481, 464, 461, 459, 456, 449, 448, 448, 440, 431, 427, 420, 414, 413, 410, 400, 399,
      391, 391, 389, 355,
    ],
  },
  { group: 'lhcb_mc', cpuWork: 864000, jobs: [4069, 4038, 4019, 1071, 1052] },
  { group: 'lhcb_mcproc', cpuWork: 172800, jobs: [490, 232, 136, 79, 62, 5, 5, 2, 2, 1] },
  { group: 'lhcb_user', cpuWork: 86400, jobs: [7] },
  { group: 'lhcb_user', cpuWork: 1080000, jobs: [5, 3, 2, 2, 2, 1, 1, 1] },
];

/** Task queues and jobs that share a property. */
export interface Part {
  name: string;
  queues: number;
  jobs: number;
}

/** The job types of each group. */
export const jobTypes: Readonly<Record<string, readonly Part[]>> = {
  lhcb_mc: [
    { name: 'MCSimulation', queues: 184, jobs: 520_258 },
    { name: 'MCFastSimulation', queues: 85, jobs: 187_908 },
  ],
  lhcb_data: [
    { name: 'Merge', queues: 2, jobs: 6_812 },
    { name: 'Sprucing', queues: 6, jobs: 14_465 },
    { name: 'APMerge', queues: 1, jobs: 50 },
    { name: 'APPostProc', queues: 3, jobs: 29 },
    { name: 'WGProduction', queues: 198, jobs: 141_317 },
  ],
  lhcb_mcproc: [
    { name: 'MCMerge', queues: 4, jobs: 10 },
    { name: 'MCReconstruction', queues: 6, jobs: 1_002 },
  ],
  lhcb_user: [
    { name: 'LbAPI', queues: 1, jobs: 7 },
    { name: 'User', queues: 8, jobs: 17 },
  ],
};

/** Sites at which exactly the 269 queues of simulation may run. */
export const simulationSites = [
  'LCG.Milano.it',
  'LCG.LPC.fr',
  'LCG.Oxford.uk',
  'LCG.MIT.us',
  'LCG.NCBJ-CIS.pl',
  'LCG.WEIZMANN.il',
  'LCG.PSNC.pl',
  'LCG.Sheffield.uk',
  'LCG.TAU.il',
  'LCG.Trieste.it',
  'LCG.UKI-LT2-Brunel.uk',
  'LCG.UKI-LT2-RHUL.uk',
  'CLOUD.CERN.cern',
  'LCG.CBPF.br',
  'DIRAC.Barcelona.es',
  'DIRAC.CINECAM100.it',
  'DIRAC.Exploratory.cn',
  'DIRAC.Kabre.cr',
  'DIRAC.MareNostrum.es',
  'DIRAC.Monash.au',
  'DIRAC.UZH.ch',
  'DIRAC.Vega.si',
  'LCG.BEER.cern',
  'LCG.Birmingham.uk',
  'LCG.Bristol.uk',
  'LCG.Legnaro.it',
  'LCG.CESNET.cz',
  'LCG.CHTC.us',
  'LCG.Durham.uk',
  'LCG.Frascati.it',
  'LCG.Glasgow.uk',
  'LCG.Haifa.il',
  'LCG.JINR.ru',
  'LCG.Krakow.pl',
  'LCG.Lancaster.uk',
  'LCG.LAPP.fr',
] as const;

/** The other sites, with all queues that may run there. */
export const otherSites: readonly Part[] = [
  { name: 'LCG.CERN.cern', queues: 368, jobs: 800227 },
  { name: 'LCG.Beijing.cn', queues: 304, jobs: 748642 },
  { name: 'LCG.RAL.uk', queues: 301, jobs: 743135 },
  { name: 'LCG.GRIDKA.de', queues: 307, jobs: 739654 },
  { name: 'LCG.CNAF.it', queues: 299, jobs: 736038 },
  { name: 'LCG.NCBJ.pl', queues: 297, jobs: 732979 },
  { name: 'LCG.CSCS.ch', queues: 284, jobs: 726210 },
  { name: 'LCG.NIKHEF.nl', queues: 307, jobs: 722824 },
  { name: 'LCG.IN2P3.fr', queues: 297, jobs: 719944 },
  { name: 'LCG.PIC.es', queues: 292, jobs: 715230 },
  { name: 'LCG.SARA.nl', queues: 297, jobs: 712622 },
  { name: 'LCG.GRIF.fr', queues: 279, jobs: 710282 },
  { name: 'LCG.RAL-HEP.uk', queues: 279, jobs: 709600 },
  { name: 'LCG.UKI-LT2-IC-HEP.uk', queues: 278, jobs: 709575 },
  { name: 'LCG.UKI-LT2-QMUL.uk', queues: 281, jobs: 709146 },
  { name: 'LCG.CPPM.fr', queues: 278, jobs: 708532 },
  { name: 'LCG.DESYHH.de', queues: 278, jobs: 708377 },
  { name: 'LCG.LZU.cn', queues: 280, jobs: 708376 },
  { name: 'LCG.NIPNE-07.ro', queues: 277, jobs: 708354 },
  { name: 'LCG.Liverpool.uk', queues: 276, jobs: 708287 },
  { name: 'LCG.Manchester.uk', queues: 273, jobs: 708237 },
  { name: 'DIRAC.HLTFarm.lhcb', queues: 270, jobs: 708184 },
  { name: 'LCG.ECDF.uk', queues: 268, jobs: 707311 },
  { name: 'DIRAC.Snellius.nl', queues: 255, jobs: 689854 },
];

/**
 * Platforms that stand in equally many queues, by what they have in common. Ten more stand in twenty queues without jobs
 * and are left out.
 */
export const platformFamilies = {
  haswell: [
    'x86_64_v4-any',
    'x86_64_v3-any',
    'broadwell-any',
    'skylake_avx512-any',
    'haswell-any',
    'skylake-any',
    'cannonlake-any',
  ],
  westmere: ['westmere-any', 'nehalem-any', 'sandybridge-any', 'ivybridge-any', 'x86_64_v2-any'],
  centos7: [
    'cannonlake-centos7',
    'skylake-centos7',
    'westmere-centos7',
    'skylake_avx512-centos7',
    'haswell-centos7',
    'broadwell-centos7',
    'sandybridge-centos7',
    'x86_64_v2-centos7',
    'ivybridge-centos7',
    'x86_64_v3-centos7',
    'nehalem-centos7',
    'x86_64_v4-centos7',
  ],
  arm: ['armv8.1_a-el9', 'armv8.1_a-any', 'armv8.2_a-any', 'armv8.2_a-el9', 'armv8.3_a-any', 'armv8.3_a-el9'],
  el9Haswell: [
    'x86_64_v3-el9',
    'haswell-el9',
    'cannonlake-el9',
    'skylake_avx512-el9',
    'x86_64_v4-el9',
    'broadwell-el9',
    'skylake-el9',
  ],
  slc6: [
    'x86_64_v4-slc6',
    'skylake-slc6',
    'westmere-slc6',
    'x86_64_v2-slc6',
    'x86_64_v3-slc6',
    'broadwell-slc6',
    'cannonlake-slc6',
    'core2-any',
    'skylake_avx512-slc6',
    'core2-slc6',
    'sandybridge-slc6',
    'x86_64-any',
    'haswell-slc6',
    'x86_64-slc6',
    'nehalem-slc6',
    'ivybridge-slc6',
  ],
  el9Westmere: ['nehalem-el9', 'x86_64_v2-el9', 'westmere-el9', 'sandybridge-el9', 'ivybridge-el9'],
} as const;

/**
 * The kinds of queues that follow from the counts of these families, which add up in one way only: x86 queues name
 * `haswell` and, but for 46, `westmere` too; of those each names one of the older systems.
 */
export const platformKinds: readonly (Part & { families: readonly (keyof typeof platformFamilies)[] })[] = [
  { name: 'arm', queues: 178, jobs: 125_777, families: ['arm'] },
  { name: 'el9', queues: 46, jobs: 55_127, families: ['haswell', 'el9Haswell'] },
  { name: 'el9-old', queues: 9, jobs: 1_023, families: ['haswell', 'westmere', 'el9Haswell', 'el9Westmere'] },
  { name: 'slc6', queues: 7, jobs: 28_891, families: ['haswell', 'westmere', 'slc6'] },
  { name: 'centos7', queues: 257, jobs: 661_039, families: ['haswell', 'westmere', 'centos7'] },
];
