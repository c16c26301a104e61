/**
 * Operations of TensorFlow, written by tools/operations.py: name (! if it has state), inputs > outputs > attributes.
 * `a:T`: its type is the attribute T; `a:#int32`: this type; `a:N*T`: N tensors; `a:[T]`: tensors of the types in T.
 * `T:type?`: an attribute that has a default.
 */
export const OPERATIONS = `
Abs x:T > y:T > T:type
Acos x:T > y:T > T:type
Acosh x:T > y:T > T:type
Add x:T y:T > z:T > T:type
AddN inputs:N*T > sum:T > N:int T:type
AddV2 x:T y:T > z:T > T:type
All input:#bool reduction_indices:Tidx > output:#bool > keep_dims:bool? Tidx:type?
Any input:#bool reduction_indices:Tidx > output:#bool > keep_dims:bool? Tidx:type?
ArgMax input:T dimension:Tidx > output:output_type > T:type Tidx:type? output_type:type?
ArgMin input:T dimension:Tidx > output:output_type > T:type Tidx:type? output_type:type?
Asin x:T > y:T > T:type
Asinh x:T > y:T > T:type
AssignAddVariableOp! resource:#resource value:dtype >  > dtype:type
AssignSubVariableOp! resource:#resource value:dtype >  > dtype:type
AssignVariableOp! resource:#resource value:dtype >  > dtype:type validate_shape:bool?
Atan x:T > y:T > T:type
Atan2 y:T x:T > z:T > T:type
Atanh x:T > y:T > T:type
AvgPool value:T > output:T > ksize:list(int) strides:list(int) padding:string data_format:string? T:type
AvgPool3D input:T > output:T > ksize:list(int) strides:list(int) padding:string data_format:string? T:type
AvgPool3DGrad orig_input_shape:#int32 grad:T > output:T > ksize:list(int) strides:list(int) padding:string
 data_format:string? T:type
AvgPoolGrad orig_input_shape:#int32 grad:T > output:T > ksize:list(int) strides:list(int) padding:string
 data_format:string? T:type
BatchMatMulV2 x:T y:T > output:T > T:type adj_x:bool? adj_y:bool? grad_x:bool? grad_y:bool?
BatchMatMulV3 x:Ta y:Tb > output:Tout > Ta:type Tb:type Tout:type adj_x:bool? adj_y:bool? grad_x:bool? grad_y:bool?
BatchToSpaceND input:T block_shape:Tblock_shape crops:Tcrops > output:T > T:type Tblock_shape:type? Tcrops:type?
BiasAdd value:T bias:T > output:T > T:type data_format:string?
Bincount arr:#int32 size:#int32 weights:T > bins:T > T:type
Bitcast input:T > output:type > T:type type:type
BroadcastArgs s0:T s1:T > r0:T > T:type?
BroadcastGradientArgs s0:T s1:T > r0:T r1:T > T:type?
BroadcastTo input:T shape:Tidx > output:T > T:type Tidx:type?
Cast x:SrcT > y:DstT > SrcT:type DstT:type Truncate:bool?
Ceil x:T > y:T > T:type
Complex real:T imag:T > out:Tout > T:type? Tout:type?
ComplexAbs x:T > y:Tout > T:type? Tout:type?
ConcatV2 values:N*T axis:Tidx > output:T > N:int T:type Tidx:type?
Const  > output:dtype > value:tensor dtype:type
Conv2D input:T filter:T > output:T > T:type strides:list(int) use_cudnn_on_gpu:bool? padding:string
 explicit_paddings:list(int)? data_format:string? dilations:list(int)?
Conv2DBackpropFilter input:T filter_sizes:#int32 out_backprop:T > output:T > T:type strides:list(int)
 use_cudnn_on_gpu:bool? padding:string explicit_paddings:list(int)? data_format:string? dilations:list(int)?
Conv2DBackpropInput input_sizes:#int32 filter:T out_backprop:T > output:T > T:type strides:list(int)
 use_cudnn_on_gpu:bool? padding:string explicit_paddings:list(int)? data_format:string? dilations:list(int)?
Conv3D input:T filter:T > output:T > T:type strides:list(int) padding:string data_format:string? dilations:list(int)?
Conv3DBackpropFilterV2 input:T filter_sizes:#int32 out_backprop:T > output:T > T:type strides:list(int) padding:string
 data_format:string? dilations:list(int)?
Conv3DBackpropInputV2 input_sizes:Tshape filter:T out_backprop:T > output:T > T:type strides:list(int) padding:string
 data_format:string? dilations:list(int)? Tshape:type?
Cos x:T > y:T > T:type
Cosh x:T > y:T > T:type
CropAndResize image:T boxes:#float32 box_ind:#int32 crop_size:#int32 > crops:#float32 > T:type method:string?
 extrapolation_value:float?
Cumprod x:T axis:Tidx > out:T > exclusive:bool? reverse:bool? T:type Tidx:type?
Cumsum x:T axis:Tidx > out:T > exclusive:bool? reverse:bool? T:type Tidx:type?
DecodeBmp contents:#string > image:#uint8 > channels:int?
DecodeGif contents:#string > image:#uint8 >
DecodeJpeg contents:#string > image:#uint8 > channels:int? ratio:int? fancy_upscaling:bool?
 try_recover_truncated:bool? acceptable_fraction:float? dct_method:string?
DecodePng contents:#string > image:dtype > channels:int? dtype:type?
DepthToSpace input:T > output:T > T:type block_size:int data_format:string?
DepthwiseConv2dNative input:T filter:T > output:T > T:type strides:list(int) padding:string
 explicit_paddings:list(int)? data_format:string? dilations:list(int)?
DepthwiseConv2dNativeBackpropFilter input:T filter_sizes:#int32 out_backprop:T > output:T > T:type strides:list(int)
 padding:string explicit_paddings:list(int)? data_format:string? dilations:list(int)?
DepthwiseConv2dNativeBackpropInput input_sizes:#int32 filter:T out_backprop:T > output:T > T:type strides:list(int)
 padding:string explicit_paddings:list(int)? data_format:string? dilations:list(int)?
Diag diagonal:T > output:T > T:type
DiagPart input:T > diagonal:T > T:type
Dilation2D input:T filter:T > output:T > T:type strides:list(int) rates:list(int) padding:string
Dilation2DBackpropFilter input:T filter:T out_backprop:T > filter_backprop:T > T:type strides:list(int)
 rates:list(int) padding:string
Dilation2DBackpropInput input:T filter:T out_backprop:T > in_backprop:T > T:type strides:list(int) rates:list(int)
 padding:string
Div x:T y:T > z:T > T:type
DivNoNan x:T y:T > z:T > T:type
DynamicStitch indices:N*#int32 data:N*T > merged:T > N:int T:type
Einsum inputs:N*T > output:T > equation:string N:int T:type
Elu features:T > activations:T > T:type
EluGrad gradients:T outputs:T > backprops:T > T:type
EmptyTensorList element_shape:shape_type max_num_elements:#int32 > handle:#variant > element_dtype:type
 shape_type:type
EncodeJpeg image:#uint8 > contents:#string > format:string? quality:int? progressive:bool? optimize_size:bool?
 chroma_downsampling:bool? density_unit:string? x_density:int? y_density:int? xmp_metadata:string?
EncodePng image:T > contents:#string > compression:int? T:type?
EnsureShape input:T > output:T > shape:shape T:type
Equal x:T y:T > z:#bool > T:type incompatible_shape_error:bool?
Erf x:T > y:T > T:type
Exp x:T > y:T > T:type
ExpandDims input:T dim:Tdim > output:T > T:type Tdim:type?
Expm1 x:T > y:T > T:type
FFT input:Tcomplex > output:Tcomplex > Tcomplex:type?
Fill dims:index_type value:T > output:T > T:type index_type:type?
Floor x:T > y:T > T:type
FloorDiv x:T y:T > z:T > T:type
FloorMod x:T y:T > z:T > T:type
FusedBatchNorm x:T scale:T offset:T mean:T variance:T > y:T batch_mean:T batch_variance:T reserve_space_1:T
 reserve_space_2:T > T:type epsilon:float? exponential_avg_factor:float? data_format:string? is_training:bool?
FusedBatchNormV3 x:T scale:U offset:U mean:U variance:U > y:T batch_mean:U batch_variance:U reserve_space_1:U
 reserve_space_2:U reserve_space_3:U > T:type U:type epsilon:float? exponential_avg_factor:float? data_format:string?
 is_training:bool?
Gather params:Tparams indices:Tindices > output:Tparams > validate_indices:bool? Tparams:type Tindices:type
GatherNd params:Tparams indices:Tindices > output:Tparams > Tparams:type Tindices:type bad_indices_policy:string?
GatherV2 params:Tparams indices:Tindices axis:Taxis > output:Tparams > batch_dims:int? Tparams:type Tindices:type
 Taxis:type
Greater x:T y:T > z:#bool > T:type
GreaterEqual x:T y:T > z:#bool > T:type
IFFT input:Tcomplex > output:Tcomplex > Tcomplex:type?
IRFFT input:Tcomplex fft_length:#int32 > output:Treal > Treal:type? Tcomplex:type?
Identity input:T > output:T > T:type
IdentityN input:[T] > output:[T] > T:list(type)
If! cond:Tcond input:[Tin] > output:[Tout] > Tcond:type Tin:list(type) Tout:list(type) then_branch:func
 else_branch:func output_shapes:list(shape)?
Imag input:T > output:Tout > T:type? Tout:type?
InvertPermutation x:T > y:T > T:type?
IsFinite x:T > y:#bool > T:type
IsInf x:T > y:#bool > T:type
IsNan x:T > y:#bool > T:type
L2Loss t:T > output:T > T:type
LRN input:T > output:T > depth_radius:int? bias:float? alpha:float? beta:float? T:type?
LRNGrad input_grads:T input_image:T output_image:T > output:T > depth_radius:int? bias:float? alpha:float? beta:float?
 T:type?
LeakyRelu features:T > activations:T > alpha:float? T:type?
Less x:T y:T > z:#bool > T:type
LessEqual x:T y:T > z:#bool > T:type
LinSpace start:T stop:T num:Tidx > output:T > T:type Tidx:type?
Log x:T > y:T > T:type
Log1p x:T > y:T > T:type
LogSoftmax logits:T > logsoftmax:T > T:type
LogicalAnd x:#bool y:#bool > z:#bool >
LogicalNot x:#bool > y:#bool >
LogicalOr x:#bool y:#bool > z:#bool >
MatMul a:T b:T > product:T > transpose_a:bool? transpose_b:bool? T:type grad_a:bool? grad_b:bool?
MatrixBandPart input:T num_lower:Tindex num_upper:Tindex > band:T > T:type Tindex:type?
MatrixDiag diagonal:T > output:T > T:type
MatrixDiagPart input:T > diagonal:T > T:type
MatrixDiagPartV3 input:T k:#int32 padding_value:T > diagonal:T > T:type align:string?
MatrixDiagV3 diagonal:T k:#int32 num_rows:#int32 num_cols:#int32 padding_value:T > output:T > T:type align:string?
MatrixSetDiag input:T diagonal:T > output:T > T:type
MatrixSetDiagV3 input:T diagonal:T k:#int32 > output:T > T:type align:string?
Max input:T reduction_indices:Tidx > output:T > keep_dims:bool? T:type Tidx:type?
MaxPool input:T > output:T > T:type? ksize:list(int) strides:list(int) padding:string explicit_paddings:list(int)?
 data_format:string?
MaxPool3D input:T > output:T > ksize:list(int) strides:list(int) padding:string data_format:string? T:type
MaxPool3DGrad orig_input:TInput orig_output:TInput grad:T > output:T > ksize:list(int) strides:list(int)
 padding:string data_format:string? T:type? TInput:type?
MaxPoolGrad orig_input:T orig_output:T grad:T > output:T > ksize:list(int) strides:list(int) padding:string
 explicit_paddings:list(int)? data_format:string? T:type?
Maximum x:T y:T > z:T > T:type
Mean input:T reduction_indices:Tidx > output:T > keep_dims:bool? T:type Tidx:type?
Min input:T reduction_indices:Tidx > output:T > keep_dims:bool? T:type Tidx:type?
Minimum x:T y:T > z:T > T:type
MirrorPad input:T paddings:Tpaddings > output:T > T:type Tpaddings:type? mode:string
Mod x:T y:T > z:T > T:type
Mul x:T y:T > z:T > T:type
Multinomial! logits:T num_samples:#int32 > output:output_dtype > seed:int? seed2:int? T:type output_dtype:type?
Neg x:T > y:T > T:type
NoOp  >  >
NonMaxSuppressionV3 boxes:T scores:T max_output_size:#int32 iou_threshold:T_threshold score_threshold:T_threshold >
 selected_indices:#int32 > T:type? T_threshold:type?
NonMaxSuppressionV4 boxes:T scores:T max_output_size:#int32 iou_threshold:T_threshold score_threshold:T_threshold >
 selected_indices:#int32 valid_outputs:#int32 > T:type? T_threshold:type? pad_to_max_output_size:bool?
NonMaxSuppressionV5 boxes:T scores:T max_output_size:#int32 iou_threshold:T score_threshold:T soft_nms_sigma:T >
 selected_indices:#int32 selected_scores:T valid_outputs:#int32 > T:type? pad_to_max_output_size:bool?
NotEqual x:T y:T > z:#bool > T:type incompatible_shape_error:bool?
OneHot indices:TI depth:#int32 on_value:T off_value:T > output:T > axis:int? T:type TI:type?
OnesLike x:T > y:T > T:type
Pack values:N*T > output:T > N:int T:type axis:int?
Pad input:T paddings:Tpaddings > output:T > T:type Tpaddings:type?
PadV2 input:T paddings:Tpaddings constant_values:T > output:T > T:type Tpaddings:type?
PartitionedCall args:[Tin] > output:[Tout] > Tin:list(type) Tout:list(type) f:func config:string? config_proto:string?
 executor_type:string?
Placeholder  > output:dtype > dtype:type shape:shape?
Pow x:T y:T > z:T > T:type
PreventGradient input:T > output:T > T:type message:string?
Prod input:T reduction_indices:Tidx > output:T > keep_dims:bool? T:type Tidx:type?
Qr input:T > q:T r:T > full_matrices:bool? T:type
RFFT input:Treal fft_length:#int32 > output:Tcomplex > Treal:type? Tcomplex:type?
RandomGamma! shape:S alpha:T > output:T > seed:int? seed2:int? S:type T:type
RandomStandardNormal! shape:T > output:dtype > seed:int? seed2:int? dtype:type T:type
RandomUniform! shape:T > output:dtype > seed:int? seed2:int? dtype:type T:type
RandomUniformInt! shape:T minval:Tout maxval:Tout > output:Tout > seed:int? seed2:int? Tout:type T:type
Range start:Tidx limit:Tidx delta:Tidx > output:Tidx > Tidx:type?
Rank input:T > output:#int32 > T:type
ReadVariableOp! resource:#resource > value:dtype > dtype:type
Real input:T > output:Tout > T:type? Tout:type?
RealDiv x:T y:T > z:T > T:type
Reciprocal x:T > y:T > T:type
Relu features:T > activations:T > T:type
Relu6 features:T > activations:T > T:type
Relu6Grad gradients:T features:T > backprops:T > T:type
ReluGrad gradients:T features:T > backprops:T > T:type
Reshape tensor:T shape:Tshape > output:T > T:type Tshape:type?
ResizeBicubic images:T size:#int32 > resized_images:#float32 > T:type align_corners:bool? half_pixel_centers:bool?
ResizeBilinear images:T size:#int32 > resized_images:#float32 > T:type align_corners:bool? half_pixel_centers:bool?
ResizeBilinearGrad grads:#float32 original_image:T > output:T > T:type align_corners:bool? half_pixel_centers:bool?
ResizeNearestNeighbor images:T size:#int32 > resized_images:T > T:type align_corners:bool? half_pixel_centers:bool?
ResizeNearestNeighborGrad grads:T size:#int32 > output:T > T:type align_corners:bool? half_pixel_centers:bool?
RestoreV2! prefix:#string tensor_names:#string shape_and_slices:#string > tensors:[dtypes] > dtypes:list(type)
Reverse tensor:T dims:#bool > output:T > T:type
ReverseSequence input:T seq_lengths:Tlen > output:T > seq_dim:int batch_dim:int? T:type Tlen:type?
ReverseV2 tensor:T axis:Tidx > output:T > Tidx:type? T:type
Roll input:T shift:Tshift axis:Taxis > output:T > T:type Tshift:type Taxis:type
Round x:T > y:T > T:type
Rsqrt x:T > y:T > T:type
RsqrtGrad y:T dy:T > z:T > T:type
SaveV2! prefix:#string tensor_names:#string shape_and_slices:#string tensors:[dtypes] >  > dtypes:list(type)
ScatterNd indices:Tindices updates:T shape:Tindices > output:T > T:type Tindices:type bad_indices_policy:string?
SegmentSum data:T segment_ids:Tindices > output:T > T:type Tindices:type
Select condition:#bool t:T e:T > output:T > T:type
SelectV2 condition:#bool t:T e:T > output:T > T:type
Selu features:T > activations:T > T:type
SeluGrad gradients:T outputs:T > backprops:T > T:type
Shape input:T > output:out_type > T:type out_type:type?
ShapeN input:N*T > output:N*out_type > N:int T:type out_type:type?
Sigmoid x:T > y:T > T:type
SigmoidGrad y:T dy:T > z:T > T:type
Sign x:T > y:T > T:type
Sin x:T > y:T > T:type
Sinh x:T > y:T > T:type
Size input:T > output:out_type > T:type out_type:type?
Slice input:T begin:Index size:Index > output:T > T:type Index:type
Softmax logits:T > softmax:T > T:type
Softplus features:T > activations:T > T:type
SpaceToBatchND input:T block_shape:Tblock_shape paddings:Tpaddings > output:T > T:type Tblock_shape:type?
 Tpaddings:type?
SpaceToDepth input:T > output:T > T:type block_size:int data_format:string?
SparseToDense sparse_indices:Tindices output_shape:Tindices sparse_values:T default_value:T > dense:T >
 validate_indices:bool? T:type Tindices:type
Split split_dim:#int32 value:T > output:num_split*T > num_split:int T:type
SplitV value:T size_splits:Tlen split_dim:#int32 > output:num_split*T > num_split:int T:type Tlen:type?
Sqrt x:T > y:T > T:type
SqrtGrad y:T dy:T > z:T > T:type
Square x:T > y:T > T:type
SquaredDifference x:T y:T > z:T > T:type
Squeeze input:T > output:T > T:type squeeze_dims:list(int)?
StatefulPartitionedCall! args:[Tin] > output:[Tout] > Tin:list(type) Tout:list(type) f:func config:string?
 config_proto:string? executor_type:string?
StatelessIf cond:Tcond input:[Tin] > output:[Tout] > Tcond:type Tin:list(type) Tout:list(type) then_branch:func
 else_branch:func output_shapes:list(shape)?
StatelessWhile input:[T] > output:[T] > T:list(type) cond:func body:func output_shapes:list(shape)?
 parallel_iterations:int?
StaticRegexReplace input:#string > output:#string > pattern:string rewrite:string replace_global:bool?
StopGradient input:T > output:T > T:type
StridedSlice input:T begin:Index end:Index strides:Index > output:T > T:type Index:type begin_mask:int? end_mask:int?
 ellipsis_mask:int? new_axis_mask:int? shrink_axis_mask:int?
StridedSliceGrad shape:Index begin:Index end:Index strides:Index dy:T > output:T > T:type Index:type begin_mask:int?
 end_mask:int? ellipsis_mask:int? new_axis_mask:int? shrink_axis_mask:int?
Sub x:T y:T > z:T > T:type
Sum input:T reduction_indices:Tidx > output:T > keep_dims:bool? T:type Tidx:type?
Tan x:T > y:T > T:type
Tanh x:T > y:T > T:type
TanhGrad y:T dy:T > z:T > T:type
TensorListConcatV2 input_handle:#variant element_shape:shape_type leading_dims:#int64 > tensor:element_dtype
 lengths:#int64 > element_dtype:type shape_type:type
TensorListFromTensor tensor:element_dtype element_shape:shape_type > output_handle:#variant > element_dtype:type
 shape_type:type
TensorListGather input_handle:#variant indices:#int32 element_shape:#int32 > values:element_dtype > element_dtype:type
TensorListGetItem input_handle:#variant index:#int32 element_shape:Tshape > item:element_dtype > element_dtype:type
 Tshape:type?
TensorListLength input_handle:#variant > length:#int32 >
TensorListPushBack input_handle:#variant tensor:element_dtype > output_handle:#variant > element_dtype:type
TensorListReserve element_shape:shape_type num_elements:#int32 > handle:#variant > element_dtype:type shape_type:type
TensorListScatterV2 tensor:element_dtype indices:#int32 element_shape:shape_type num_elements:#int32 >
 output_handle:#variant > element_dtype:type shape_type:type
TensorListSetItem input_handle:#variant index:#int32 item:element_dtype > output_handle:#variant > element_dtype:type
 resize_if_index_out_of_bounds:bool?
TensorListStack input_handle:#variant element_shape:#int32 > tensor:element_dtype > element_dtype:type
 num_elements:int?
TensorScatterAdd tensor:T indices:Tindices updates:T > output:T > T:type Tindices:type bad_indices_policy:string?
TensorScatterMax tensor:T indices:Tindices updates:T > output:T > T:type Tindices:type bad_indices_policy:string?
TensorScatterMin tensor:T indices:Tindices updates:T > output:T > T:type Tindices:type bad_indices_policy:string?
TensorScatterSub tensor:T indices:Tindices updates:T > output:T > T:type Tindices:type bad_indices_policy:string?
TensorScatterUpdate tensor:T indices:Tindices updates:T > output:T > T:type Tindices:type bad_indices_policy:string?
TensorStridedSliceUpdate input:T begin:Index end:Index strides:Index value:T > output:T > T:type Index:type
 begin_mask:int? end_mask:int? ellipsis_mask:int? new_axis_mask:int? shrink_axis_mask:int?
Tile input:T multiples:Tmultiples > output:T > T:type Tmultiples:type?
TopKV2 input:T k:Tk > values:T indices:index_type > sorted:bool? T:type Tk:type? index_type:type?
Transpose x:T perm:Tperm > y:T > T:type Tperm:type?
TruncateDiv x:T y:T > z:T > T:type
TruncateMod x:T y:T > z:T > T:type
TruncatedNormal! shape:T > output:dtype > seed:int? seed2:int? dtype:type T:type
UniqueV2 x:T axis:Taxis > y:T idx:out_idx > T:type Taxis:type? out_idx:type?
Unpack value:T > output:num*T > num:int T:type axis:int?
UnsortedSegmentMax data:T segment_ids:Tindices num_segments:Tnumsegments > output:T > T:type Tindices:type
 Tnumsegments:type?
UnsortedSegmentMin data:T segment_ids:Tindices num_segments:Tnumsegments > output:T > T:type Tindices:type
 Tnumsegments:type?
UnsortedSegmentProd data:T segment_ids:Tindices num_segments:Tnumsegments > output:T > T:type Tindices:type
 Tnumsegments:type?
UnsortedSegmentSum data:T segment_ids:Tindices num_segments:Tnumsegments > output:T > T:type Tindices:type
 Tnumsegments:type?
VarHandleOp!  > resource:#resource > container:string? shared_name:string? debug_name:string? dtype:type shape:shape
 allowed_devices:list(string)?
VarIsInitializedOp! resource:#resource > is_initialized:#bool >
VariableShape! input:#resource > output:out_type > out_type:type?
Where input:T > index:#int64 > T:type?
While! input:[T] > output:[T] > T:list(type) cond:func body:func output_shapes:list(shape)? parallel_iterations:int?
Xdivy x:T y:T > z:T > T:type
Xlogy x:T y:T > z:T > T:type
ZerosLike x:T > y:T > T:type
`;
