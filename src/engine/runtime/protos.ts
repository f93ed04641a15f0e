/**
 * The protobuf message classes that tfjs-node ships, typed as far as the compiler uses them. `load.ts` hands
 * them out. Byte fields take base64 text or a Uint8Array; setters return the message, so calls can be chained.
 */

export interface ProtoMap<V> {
  set(key: string, value: V): ProtoMap<V>
  get(key: string): V | undefined
  getLength(): number
}

export interface DimProto {
  setSize(size: number): DimProto
  getSize(): number
}

export interface TensorShapeProto {
  addDim(dim: DimProto): DimProto
  getDimList(): DimProto[]
  setUnknownRank(unknown: boolean): TensorShapeProto
}

export interface TensorProto {
  setDtype(dtype: number): TensorProto
  getDtype(): number
  setTensorShape(shape: TensorShapeProto): TensorProto
  setTensorContent(content: string | Uint8Array): TensorProto
  getTensorContent_asU8(): Uint8Array
}

export interface ListValueProto {
  setSList(values: readonly (string | Uint8Array)[]): ListValueProto
  setIList(values: readonly number[]): ListValueProto
  setFList(values: readonly number[]): ListValueProto
  setBList(values: readonly boolean[]): ListValueProto
  setTypeList(values: readonly number[]): ListValueProto
  setShapeList(values: readonly TensorShapeProto[]): ListValueProto
}

export interface AttrValueProto {
  setS(value: string | Uint8Array): AttrValueProto
  setI(value: number): AttrValueProto
  setF(value: number): AttrValueProto
  setB(value: boolean): AttrValueProto
  setType(value: number): AttrValueProto
  setShape(value: TensorShapeProto): AttrValueProto
  setTensor(value: TensorProto): AttrValueProto
  setList(value: ListValueProto): AttrValueProto
}

export interface NodeDefProto {
  setName(name: string): NodeDefProto
  getName(): string
  setOp(op: string): NodeDefProto
  getOp(): string
  setInputList(inputs: readonly string[]): NodeDefProto
  getInputList(): string[]
  setDevice(device: string): NodeDefProto
  getAttrMap(): ProtoMap<AttrValueProto>
}

export interface VersionDefProto {
  setProducer(producer: number): VersionDefProto
  setMinConsumer(consumer: number): VersionDefProto
}

export interface GraphDefProto {
  setNodeList(nodes: readonly NodeDefProto[]): GraphDefProto
  addNode(node: NodeDefProto): NodeDefProto
  getNodeList(): NodeDefProto[]
  setVersions(versions: VersionDefProto): GraphDefProto
  serializeBinary(): Uint8Array
}

export interface MetaInfoDefProto {
  addTags(tag: string): MetaInfoDefProto
}

export interface MetaGraphDefProto {
  setMetaInfoDef(info: MetaInfoDefProto): MetaGraphDefProto
  setGraphDef(graph: GraphDefProto): MetaGraphDefProto
}

export interface SavedModelProto {
  setSavedModelSchemaVersion(version: number): SavedModelProto
  addMetaGraphs(graph: MetaGraphDefProto): MetaGraphDefProto
  serializeBinary(): Uint8Array
}

export interface Protos {
  readonly TensorShape: { new (): TensorShapeProto; readonly Dim: new () => DimProto }
  readonly Tensor: new () => TensorProto
  readonly AttrValue: { new (): AttrValueProto; readonly ListValue: new () => ListValueProto }
  readonly NodeDef: new () => NodeDefProto
  readonly VersionDef: new () => VersionDefProto
  readonly GraphDef: { new (): GraphDefProto; deserializeBinary(bytes: Uint8Array): GraphDefProto }
  readonly MetaGraphDef: { new (): MetaGraphDefProto; readonly MetaInfoDef: new () => MetaInfoDefProto }
  readonly SavedModel: { new (): SavedModelProto; deserializeBinary(bytes: Uint8Array): SavedModelProto }
}
