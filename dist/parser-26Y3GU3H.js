import{va as a,wa as b}from"./chunk-3YJAQCMQ.js";export{a as SyntaxRefusal,b as loadParser};
