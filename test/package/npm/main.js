// Saves, reads, and says which addon did it.
import { CheckpointReader, CheckpointWriter } from 'tensorbundle';

const writer = new CheckpointWriter('out/model');
writer.add('kernel', { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) });
await writer.finish();
const reader = await CheckpointReader.open('out/model');
const { data } = await reader.read('kernel');
await reader.close();
const addon = process.report.getReport().sharedObjects.find(file => file.endsWith('.node'));
console.log(JSON.stringify({ values: [...data], addon }));
