import{a as d}from"./chunk-NX4JHEQX.js";import{a as p,d as f,ha as u,ia as h,ja as c}from"./chunk-3YJAQCMQ.js";import{mkdtemp as w,writeFile as y}from"node:fs/promises";import{join as g}from"node:path";async function A(e,a,s){let{reporter:i,env:r}=e,t=[],o=[],m={...e,reporter:{...i,mask(n){n.trim()!==""&&o.push(n,...n.split(`
`)),i.mask(n)},async summary(n){t.push(n),await i.summary(n)}}};try{await s(m)}catch(n){throw t.length===0&&t.push(`### \u274C ${c(a)}`),t.push(E(n,r)),n}finally{let n=await $(t,o,r).catch(l=>{i.warning(`The report could not be written: ${l instanceof Error?l.message:l}`)});n!==void 0&&i.output("report",n)}}p(A,"withReport");function E(e,a){let[s=""]=(e instanceof Error?e.message:String(e)).split(`
`),i=e instanceof f?e.problems.map(({input:o,message:m})=>`${h(o)}: ${c(m.split(`
`)[0]??"")}`):[c(s)],r=d(a),t=r===void 0?"The log":`[The log](${encodeURI(r)})`;return["**The step failed:**",...i.map(o=>`- ${o}`),`${t} says more.`].join(`

`)}p(E,"failure");var T=4;async function $(e,a,{RUNNER_TEMP:s}){if(!s||e.length===0)return;let i=a.filter(t=>t.trim().length>=T).toSorted((t,o)=>o.length-t.length).reduce((t,o)=>t.replaceAll(o,"***"),e.map(t=>t.trim()).join(`

`)),r=g(await w(g(s,"deploy-actions-report-")),"report.md");return await y(r,`${u(i)}
`),r}p($,"write");export{A as a};
