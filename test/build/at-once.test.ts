import { minify } from 'terser';
import { expect, it } from 'vitest';
import { compiledAtOnce, marked } from '../../src/build/at-once.ts';

/** As webpack writes it. */
const BUNDLED = `var modules = ({

/***/ 12:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {
__webpack_exports__.a = () => (1);
/***/ }),

/***/ 345:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {
__webpack_exports__.b = 2;
/***/ }),

/***/ 6:
/***/ ((module) => {
module.exports = 3;
/***/ })

});
export { modules };
`;

it('a parenthesis stands before every module with code, after terser too', async () => {
  const { code = '' } = await minify(marked(BUNDLED), { module: true, ecma: 2020 });
  expect(compiledAtOnce(code)).toMatch(/\{12: \(\(.*\}\),345: \(\(.*\}\),6:\w=>\{/);
});

it('no column changes', async () => {
  const { code = '' } = await minify(marked(BUNDLED), { module: true, ecma: 2020 });
  expect(compiledAtOnce(code)).toHaveLength(code.length);
});

it('a mark that the sources hold already fails the build', () => {
  expect(() => marked('const x = "\u0192";')).toThrow('take another mark');
});
