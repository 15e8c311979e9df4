// Lints schema.graphql by the config here, and prints how many rules hold and what they find.
import { ESLint } from "eslint";

const eslint = new ESLint();
const [{ messages }] = await eslint.lintFiles(["schema.graphql"]);
const { rules } = await eslint.calculateConfigForFile("schema.graphql");
console.log(
  JSON.stringify({
    rules: Object.values(rules).filter(([severity]) => severity === 2).length,
    findings: messages.map(({ line, ruleId, message }) => `${line} ${ruleId}: ${message}`),
  }),
);
