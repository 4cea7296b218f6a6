// What the official client does against a sandbox: node official_client.js MODULE ADDRESS BASE TABLE
// Prints one JSON object: what each call gave.
const [module_, endpointUrl, baseId, tableName] = process.argv.slice(2);
const Airtable = require(module_);

const plain = (record) => ({id: record.id, fields: record.fields});
const failure = (call) => call.then(
  () => null,
  (error) => ({error: error.error, message: error.message, statusCode: error.statusCode}),
);

async function main() {
  const base = new Airtable({apiKey: 'patTest', endpointUrl, requestTimeout: 10000}).base(baseId);
  const table = base(tableName);
  const strict = new Airtable({apiKey: 'patTest', endpointUrl, noRetryIfRateLimited: true}).base(baseId)(tableName);
  const told = {};

  told.created = (await table.create([{fields: {Name: 'Eve', Age: 3}}, {fields: {Name: 'Fay'}}])).map(plain);
  told.single = plain(await table.create({Name: 'Gus', Status: 'new'}));
  told.firstPage = (await table.select({pageSize: 2}).firstPage()).map(plain);
  told.pages = [];
  await table.select({pageSize: 4, sort: [{field: 'Name', direction: 'desc'}], fields: ['Name']}).eachPage((page, next) => {
    told.pages.push(page.map((record) => record.get('Name')));
    next();
  });
  told.filtered = (await table.select({filterByFormula: "AND({Age} > 2, {Age} < 10)"}).all()).map((r) => r.get('Name'));
  told.long = (await table.select({filterByFormula: `OR(${Array(900).fill("{Name}='Eve'").join(',')})`}).all()).length;
  told.found = plain(await table.find(told.single.id));
  told.updated = (await table.update([{id: told.created[0].id, fields: {Age: 4}}])).map(plain);
  told.upserted = (await table.update(
    [{fields: {Name: 'Eve', Age: 5}}, {fields: {Name: 'Hal'}}],
    {performUpsert: {fieldsToMergeOn: ['Name']}},
  )).map(plain);
  told.replaced = plain(await table.replace(told.single.id, {Name: 'Gus II'}));
  told.destroyed = (await table.destroy([told.created[1].id])).map((record) => record.id);
  told.one = (await table.destroy(told.single.id)).id;
  told.errors = {
    gone: await failure(table.find(told.single.id)),
    field: await failure(table.create({Nam: 'x'})),
    value: await failure(table.create({Age: 'x'})),
    computed: await failure(table.create({Created: 'x'})),
    many: await failure(table.create(Array(11).fill({fields: {}}))),
    table: await failure(base('Nothing').select().firstPage()),
    formula: await failure(table.select({filterByFormula: 'AND('}).firstPage()),
    reset: await failure(strict.select({maxRecords: 1}).firstPage()),
    html: await failure(strict.select({maxRecords: 1}).firstPage()),
    failed: await failure(strict.select({maxRecords: 1}).firstPage()),
    haste: await failure(strict.select({maxRecords: 1}).firstPage()),
    large: await failure(strict.select({maxRecords: 1}).firstPage()),
  };
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
