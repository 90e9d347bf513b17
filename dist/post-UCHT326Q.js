import{b as i}from"./chunk-IBJAC4DC.js";import{K as t,a as r}from"./chunk-3YJAQCMQ.js";async function e({reporter:n}){let o=n.state(t);o!==""&&await i(o)}r(e,"run");export{e as run};
