using Rnn.Data;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// A network that emits tokens, one step at a time for any number of rows. All that carries a row from one step to the next is its state, a plain run of floats:
/// copying it forks the row, keeping it is a snapshot. Weights are shared, buffers are its own: one thread at a time.
/// </summary>
public abstract class TokenDecoder
{
    private readonly SequenceLayout _layout = new();
    private int[] _ones = [];
    private int[] _rows = [];

    private protected TokenDecoder(int outputs, int stateSize, int begin, int end)
    {
        Outputs = outputs;
        StateSize = stateSize;
        Begin = begin;
        End = end;
    }

    /// <summary>Tokens it chooses from (V).</summary>
    public int Outputs { get; }

    /// <summary>Floats of a row's state.</summary>
    public int StateSize { get; }

    /// <summary>What the first step reads; <see cref="Sequence.NoId"/> where a text begins with nothing in particular.</summary>
    public int Begin { get; }

    /// <summary>The token that ends a text; <see cref="Sequence.NoId"/> where texts have no end.</summary>
    public int End { get; }

    /// <summary>What the last step looked back at: attention weights <c>[rows, S]</c> over the steps of the input; empty without attention.</summary>
    public virtual ReadOnlySpan<float> AttentionWeights => default;

    /// <summary>Writes the state before the first step.</summary>
    public abstract void Start(Span<float> state);

    /// <summary>
    /// Reads one token a row and overwrites <paramref name="logits"/> <c>[rows, V]</c> with those of the next; moves <paramref name="states"/> <c>[rows, StateSize]</c> on in place.
    /// </summary>
    public abstract void Advance(ReadOnlySpan<int> tokens, Span<float> states, Span<float> logits);

    private protected Workspace Workspace { get; } = new();

    /// <summary>The numbers of the rows, in their order.</summary>
    private protected ReadOnlySpan<int> RowIds => _rows.AsSpan(0, _layout.Rows);

    /// <summary>A batch of one step.</summary>
    private protected SequenceLayout OneStep(int rows)
    {
        if (_ones.Length < rows)
        {
            _ones = new int[rows];
            Array.Fill(_ones, 1);
            _rows = [.. Enumerable.Range(0, rows)];
        }

        if (_layout.Rows != rows) _layout.Assign(_ones.AsSpan(0, rows));
        return _layout;
    }
}
