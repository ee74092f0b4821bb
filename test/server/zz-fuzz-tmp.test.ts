import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { endpoints } from '../../src/contract/index.js';
import { Log } from '../../src/platform/index.js';
import { startServer, type TestServer } from '../support/server.js';
import { Api } from '../support/api.js';

let running: TestServer;
const lines: string[] = [];
beforeAll(async () => { running = await startServer({ log: new Log('server','error',(l)=>{lines.push(l);}), configuration: { vos: { lhcb: { groups: { lhcb_all: { properties: ['NormalUser','JobAdministrator','ServiceAdministrator'] } } } } } }); });
afterAll(() => running.close());
const big = '9007199254740991';
const words = ['0','-1','1','1e3',big,'9007199254740993','%00','..%2fx','NaN','a'.repeat(32), 'A'.repeat(32), 'é'.repeat(8), '%F0%9F%98%80','%ff'];
const bodies: unknown[] = [null, [], {}, 'x', 1, '', [[]], [null], {jobs:[null,1,'x',[],{}]}, {jobs:[{executable:'/bin/echo', parametric: {}}]}, {job_ids:[1,1,2]}, {job_ids:[Number(big)]},
 {NaN:{}}, {'1.5':{JobName:'x'}}, {'':{JobName:'x'}}, {'-1':{JobName:'x'}}, {'9e99':{JobName:'x'}}, {'99999999999999999999999':{JobName:'x'}}, {'1':{'':'x'}}, {'1':{JobName:null}},
 JSON.parse('{"__proto__":{"x":1},"constructor":{"a":"b"},"toString":{}}'),
 {search:[{parameter:'JobID',operator:'eq',value:'x\u0000y'}]}, {search:[{parameter:'JobName',operator:'regex',value:'('}]}, {search:[{parameter:'JobName',operator:'regex',value:'(a+)+$'}]},
 {search:[{parameter:'toString',operator:'eq',value:1}]}, {search:[{parameter:'JobID',operator:'in',values:[]}]}, {search:[{parameter:'JobID',operator:'gt',value:1e308}]},
 {search:[{parameter:'SubmissionTime',operator:'eq',value:'9999'}]}, {search:[{parameter:'SubmissionTime',operator:'gt',value:'0000'}]}, {search:[{parameter:'SubmissionTime',operator:'eq',value:'9999-12-31T23:59:59+00:00'}]},{search:[{parameter:'SubmissionTime',operator:'eq',value:'0000-01-01T00:00:00+14:00'}]},
 {search:[{parameter:'JobName',operator:'like',value:'%\\'}]}, {parameters:['LoggingInfo']}, {parameters:['__proto__']}, {sort:[{parameter:'JobID',direction:'asc'},{parameter:'JobID',direction:'asc'}]}, {sort:[{parameter:'constructor',direction:'asc'}]}, {distinct:true, parameters:['Status'], sort:[{parameter:'JobID',direction:'asc'}]},
 {grouping:[]}, {grouping:['Status','Status']}, {grouping:['SubmissionTime']}, {grouping:['LoggingInfo']}, {grouping: ['hasOwnProperty']},
 {stamp:'a'.repeat(32), secret:'x'.repeat(32), exchange_id:'8b5f3c5e-2c39-4c5d-9a0e-0a3f1d1c2b3a'},
 {pilot_stamp:'a b/..%', vo:'lhcb'}, {pilot_stamp:'\u{1F600}', vo:'LHCB'}, {pilot_stamp:'y', vo:'lhcb', pilot_reference:''}, {pilot_stamp:'z', vo:'__proto__'}, {pilot_stamp:'w', vo:'constructor'},
 {['a'.repeat(32)]: {BenchMark: 1e308}}, {y:{CurrentJobID:Number(big), BenchMark:1e308, Status:'Done'}}, {y:{CurrentJobID:1}}, {'y ':{StatusReason:'q'}}, {'\u0000':{StatusReason:'q'}},
 {checksum_algorithm:'sha256', checksum:'a'.repeat(64), size:1, format:'tar.gz'}, {checksum_algorithm:'sha256', checksum:'a'.repeat(64), size:Number(big), format:'tar.gz'},
 ['Executable="x";'], ['['.repeat(20000)], ['{'.repeat(20000)], ['a={'.repeat(20000)], ['a="'.repeat(5000)], ['Executable="/bin/sh";JobName="\\u0000";'],
 {'1':{'2026-01-01T00:00:00Z':{Status:'Done'}}}, {'1':{'0000-00-00':{Status:'Done'}}}, {'1':{'2026-01-01T00:00:00Z':{ApplicationStatus:'x'.repeat(70000)}}}, {'1':{}}, 
 {'1':{CPUConsumed:1e308}}, {'1':{CPUConsumed:'x'}}, {'1':{StandardOutput:'\u0000'}},
];
it('never 500', async () => {
  const api = new Api(running, running.tokenFor({ group: 'lhcb_all' }));
  await api.submit({ executable: '/bin/echo' });
  const pilot = new Api(running, running.tokens.forPilot({ vo: 'lhcb', stamp: 'a'.repeat(32) }, 60).token);
  const att = new Api(running, running.tokens.forAttempt({ vo: 'lhcb', stamp: 'a'.repeat(32), jobId: 1, attempt: 1 }, 60).token);
  const bad: string[] = [];
  const send = async (who: Api, method: string, path: string, body?: unknown) => {
    const t = performance.now();
    const token = (who as unknown as {token: string}).token;
    const reply = await fetch(running.url + path, { method, signal: AbortSignal.timeout(15000), headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : {'content-type':'application/json'}) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }).catch((e: unknown) => { bad.push(`${method} ${path} ${JSON.stringify(body)?.slice(0,120)} -> ${String(e)}`); return null; });
    if (reply === null) return;
    const text = path.endsWith('/stream') ? (await reply.body?.cancel(), '') : await reply.text();
    const ms = performance.now() - t;
    if (reply.status >= 500 || ms > 3000) bad.push(`${method} ${path} ${JSON.stringify(body)?.slice(0,160)} -> ${reply.status} ${ms.toFixed(0)}ms ${text.slice(0,160)}`);
  };
  for (const e of endpoints) {
    const who = e.access === 'pilot' ? pilot : e.access === 'attempt' ? att : api;
    const paths = /:/.test(e.path) ? words.map((w) => e.path.replace(/:kind/, 'input').replace(/:\w+/g, w)) : [e.path];
    for (const p of paths) await send(who, e.method, p, e.method === 'GET' ? undefined : {});
    if (e.method !== 'GET') for (const b of bodies) await send(who, e.method, e.path.replace(/:kind/, 'input').replace(/:stamp/, 'a'.repeat(32)).replace(/:\w+/g, '1'), b);
    if (e.query) for (const q of [`page=${big}&per_page=10000`,'page=1e300','page=0','page=2&page=3','from='+big,'from=-1','pfn=%00','pfn='+encodeURIComponent('SB:SandboxSE|/S3/sandboxes/lhcb/lhcb_all/..%2f/sha256:'+'a'.repeat(64)+'.tar.gz'),'se=SandboxSE&key=..&expires=1&signature=x','force=true','reset_jobs=true'])
      await send(who, e.method, e.path.replace(/:\w+/g, 'a'.repeat(32)) + '?' + q, e.method === 'GET' ? undefined : {});
  }
  for (const q of ['se=SandboxSE&key=..&expires=1&signature=x','se=__proto__','se=constructor&key=x&expires=NaN','se=SandboxSE&se=LogSE']) await send(api, 'GET', '/api/objects/download?' + q);
  console.log(bad.join('\n'), '\n', lines.map((l) => { const p = JSON.parse(l) as {path?:string;error?:string}; return `${p.path} ${p.error?.slice(0,300)}`; }).join('\n'));
  expect(bad).toEqual([]);
}, 300000);
