// Saves, reads, and says which addon did it. Without top-level await, which CommonJS has not.
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';

async function main() {
  const writer = new CheckpointWriter('out/model');
  writer.add('kernel', { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) });
  await writer.finish();
  const reader = await CheckpointReader.open('out/model');
  const { data } = await reader.read('kernel');
  await reader.close();
  const addon = process.report.getReport().sharedObjects.find(file => file.endsWith('.node'));
  console.log(JSON.stringify({ values: [...data], addon }));
}

main();
