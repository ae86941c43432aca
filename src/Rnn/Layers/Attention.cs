using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>How a decoder's state is compared with the encoder's outputs.</summary>
public enum AttentionKind
{
    /// <summary>Not at all: the encoder's last state must hold everything (Sutskever et al. 2014).</summary>
    None,

    /// <summary><c>v · tanh(W h + U m_s + b)</c>, asked by the state before the step (Bahdanau et al. 2015).</summary>
    Additive,

    /// <summary><c>h · m_s</c>, asked by the state after the step (Luong et al. 2015).</summary>
    Dot,

    /// <summary><c>h · (W m_s)</c>, asked by the state after the step (Luong et al. 2015).</summary>
    General,
}

/// <summary>
/// Attention of one state at a time over its source: weights <c>a = softmax(scores)</c>, context <c>Σ a_s m_s</c>.
/// Weights: additive <c>attn_query.weight</c>, <c>attn_key.*</c>, <c>attn_v.weight</c>; general <c>attn_w.weight</c>; dot none.
/// H is the state's size, M the memory's, K that of queries and keys.
/// </summary>
public sealed class Attention
{
    private readonly AttentionKind _kind;
    private readonly Linear? _query;
    private readonly Linear? _key;
    private readonly Parameter? _v;

    /// <summary>Declares the weights; <paramref name="attentionSize"/> is the hidden layer of additive attention.</summary>
    /// <exception cref="ArgumentException">Dot attention over outputs of another size than the state.</exception>
    public Attention(ParameterSet parameters, AttentionKind kind, int stateSize, int memorySize, int attentionSize)
    {
        if (kind == AttentionKind.Dot && stateSize != memorySize)
            throw new ArgumentException($"Dot attention compares a state of {stateSize} with outputs of {memorySize}: they must be equal, or attention additive or general.", nameof(kind));
        _kind = kind;
        StateSize = stateSize;
        MemorySize = memorySize;
        KeySize = kind == AttentionKind.Additive ? attentionSize : stateSize;
        if (kind == AttentionKind.Additive)
        {
            _query = new Linear(parameters, "attn_query.", stateSize, attentionSize, bias: false);
            _key = new Linear(parameters, "attn_key.", memorySize, attentionSize);
            _v = parameters.Add("attn_v.weight", [1, attentionSize]);
        }
        else if (kind == AttentionKind.General)
        {
            _key = new Linear(parameters, "attn_w.", memorySize, stateSize, bias: false);
        }
    }

    /// <summary>Features of a state (H).</summary>
    public int StateSize { get; }

    /// <summary>Features of an encoder's output (M).</summary>
    public int MemorySize { get; }

    /// <summary>Features of a query and a key (K).</summary>
    public int KeySize { get; }

    /// <summary>What must be packed.</summary>
    public IEnumerable<IPackable> Packables => new[] { _query, _key }.OfType<Linear>();

    /// <summary>Draws all weights.</summary>
    public void Initialize(ref RandomSource random)
    {
        _query?.Initialize(ref random);
        _key?.Initialize(ref random);
        if (_v is not null) Initializers.Xavier(_v.Values.Span, KeySize, 1, ref random);
    }

    /// <summary>Makes the keys of a memory that holds its values.</summary>
    public void MakeKeys(AttentionMemory memory, Workspace workspace)
    {
        if (_key is null)
        {
            memory.Keys = memory.Values;
            return;
        }

        memory.Keys = workspace.Rent(memory.Positions * KeySize);
        _key.Forward(memory.Values.Span, memory.Positions, memory.Keys.Span);
    }

    /// <summary>
    /// For the states <paramref name="h"/> <c>[rows, H]</c> overwrites <paramref name="queries"/> <c>[rows, K]</c>, <paramref name="weights"/> <c>[rows, S]</c> (0 behind a source's end)
    /// and the contexts, M values in rows <paramref name="stride"/> apart.
    /// </summary>
    public void Forward(AttentionMemory memory, int rows, ReadOnlySpan<float> h, Span<float> queries, Span<float> weights, Span<float> contexts, int stride)
    {
        if (_query is null) h[..(rows * KeySize)].CopyTo(queries);
        else _query.Forward(h, rows, queries);
        for (int row = 0; row < rows; row++)
        {
            (int first, int count) = memory.PositionsOf(row);
            ReadOnlySpan<float> query = queries.Slice(row * KeySize, KeySize);
            Span<float> a = weights.Slice(row * memory.Longest, memory.Longest);
            a[count..].Clear();
            a = a[..count];
            if (_v is not null) AdditiveScores.Forward(query, memory.Keys.Span[(first * KeySize)..], _v.Values.Span, a);
            else for (int s = 0; s < count; s++) a[s] = TensorPrimitives.Dot(query, Part(memory.Keys, first + s, KeySize));
            CrossEntropy.Softmax(a, a);
            Span<float> context = contexts.Slice(row * stride, MemorySize);
            context.Clear();
            for (int s = 0; s < count; s++) TensorPrimitives.MultiplyAdd(Part(memory.Values, first + s, MemorySize), a[s], context, context);
        }
    }

    /// <summary>
    /// From the gradient of the contexts: adds to those of the memory, to <paramref name="dh"/> <c>[rows, H]</c> and to <paramref name="dV"/> <c>[K]</c>; overwrites
    /// <paramref name="dQueries"/>. <see cref="BackwardWeights"/> reads both when all steps are done.
    /// </summary>
    public void Backward(
        AttentionMemory memory, int rows, ReadOnlySpan<float> queries, ReadOnlySpan<float> weights, ReadOnlySpan<float> dContexts, int stride, Span<float> dQueries, Span<float> dh, Span<float> dV)
    {
        Span<float> scores = memory.Longest <= 512 ? stackalloc float[memory.Longest] : new float[memory.Longest];
        dQueries[..(rows * KeySize)].Clear();
        for (int row = 0; row < rows; row++)
        {
            (int first, int count) = memory.PositionsOf(row);
            ReadOnlySpan<float> a = weights.Slice(row * memory.Longest, count);
            ReadOnlySpan<float> dContext = dContexts.Slice(row * stride, MemorySize);
            Span<float> ds = scores[..count];
            for (int s = 0; s < count; s++)
            {
                ds[s] = TensorPrimitives.Dot(dContext, Part(memory.Values, first + s, MemorySize));
                Span<float> dValue = Part(memory.ValueGradients, first + s, MemorySize);
                TensorPrimitives.MultiplyAdd(dContext, a[s], dValue, dValue);
            }

            // The softmax takes off its mean and scales.
            TensorPrimitives.Subtract(ds, TensorPrimitives.Dot(a, ds), ds);
            TensorPrimitives.Multiply(ds, a, ds);
            ScoresBackward(memory, first, queries.Slice(row * KeySize, KeySize), ds, dQueries.Slice(row * KeySize, KeySize), dV);
        }

        if (_query is null) TensorPrimitives.Add(dh[..(rows * KeySize)], dQueries[..(rows * KeySize)], dh);
        else _query.BackwardInput(dQueries, rows, dh);
    }

    /// <summary>What is left once all steps have gone back: the keys' way to the values, and the gradients of the weights. <paramref name="h"/> are the states that asked, <c>[tokens, H]</c>.</summary>
    public void BackwardWeights(AttentionMemory memory, int tokens, ReadOnlySpan<float> h, ReadOnlySpan<float> dQueries, ReadOnlySpan<float> dV, Span<float> gradients, Workspace workspace)
    {
        if (_v is not null) TensorPrimitives.Add(_v.In(gradients), dV, _v.In(gradients));
        _query?.BackwardWeights(h, tokens, dQueries, gradients, workspace);
        if (_key is null) return;
        _key.BackwardWeights(memory.Values.Span, memory.Positions, memory.KeyGradients.Span, gradients, workspace);
        _key.BackwardInput(memory.KeyGradients.Span, memory.Positions, memory.ValueGradients.Span);
    }

    /// <summary>Zeroed gradients for a memory.</summary>
    public void ClearGradients(AttentionMemory memory, Workspace workspace)
    {
        memory.ValueGradients = workspace.RentZeroed(memory.Positions * MemorySize);
        memory.KeyGradients = _key is null ? memory.ValueGradients : workspace.RentZeroed(memory.Positions * KeySize);
    }

    private void ScoresBackward(AttentionMemory memory, int first, ReadOnlySpan<float> query, ReadOnlySpan<float> ds, Span<float> dQuery, Span<float> dV)
    {
        if (_v is not null)
        {
            AdditiveScores.Backward(query, memory.Keys.Span[(first * KeySize)..], _v.Values.Span, ds, dQuery, memory.KeyGradients.Span[(first * KeySize)..], dV);
            return;
        }

        for (int s = 0; s < ds.Length; s++)
        {
            TensorPrimitives.MultiplyAdd(Part(memory.Keys, first + s, KeySize), ds[s], dQuery, dQuery);
            Span<float> dKey = Part(memory.KeyGradients, first + s, KeySize);
            TensorPrimitives.MultiplyAdd(query, ds[s], dKey, dKey);
        }
    }

    private static Span<float> Part(Memory<float> rows, int row, int size) => rows.Span.Slice(row * size, size);
}
