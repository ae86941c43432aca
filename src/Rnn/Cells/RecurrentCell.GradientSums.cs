using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <content>The gradients of weights and inputs: sums over tokens, taken some steps at a time.</content>
public abstract partial class RecurrentCell
{
    /// <summary>Tokens summed at once: enough for the products, and few enough to be in the cache still when the scan has just left them.</summary>
    private const int TokensSummed = 256;

    /// <summary>Follows a backward scan, whose tokens come as one range growing at either end.</summary>
    private ref struct GradientSums
    {
        private readonly RecurrentCell _cell;
        private readonly Span<float> _dInput;
        private readonly Span<float> _dRecurrent;
        private readonly ReadOnlySpan<float> _previousH;
        private readonly ReadOnlySpan<float> _x;
        private readonly ReadOnlySpan<int> _ids;
        private readonly Span<float> _dx;
        private readonly Span<float> _gradients;
        private readonly Span<float> _scratch;
        private readonly TableGradient? _table;
        private readonly Span<float> _dBiasIh;
        private readonly Span<float> _dBiasHh;
        private readonly int _perToken;
        private readonly bool _tableHasAll;
        private readonly int _room;
        private readonly bool _isAscending;
        private readonly bool _hasRing;
        private int _first = int.MaxValue;
        private int _tokens;

        public GradientSums(
            RecurrentCell cell, CellTrace trace, ReadOnlySpan<float> x, ReadOnlySpan<int> ids, SequenceLayout layout, bool isAscending, Span<float> dx, Span<float> gradients, Workspace workspace, TableGradient? table)
        {
            _cell = cell;
            _isAscending = isAscending;
            int tokens = layout.Tokens, width = cell.Gates * cell.HiddenSize;
            // Only until it is summed: a trace of its own would go through memory twice.
            _room = Math.Min(tokens, TokensSummed + layout.Rows);
            _hasRing = cell.HasOwnRecurrentGradient || !cell.OverwritesGates;
            _dRecurrent = _hasRing ? workspace.Rent(_room * width).Span : trace.Gates.Span;
            _dInput = trace.Gates.Span;
            _previousH = trace.PreviousH.Span;
            _x = x;
            _ids = ids;
            _dx = dx;
            _gradients = gradients;
            _perToken = ids.Length / tokens;
            _scratch = workspace.Rent(MatMul.ScratchLength(tokens, width, cell.HiddenSize, ids.IsEmpty ? cell.InputSize : 0)).Span;
            _table = ids.IsEmpty ? null : table ?? throw new ArgumentNullException(nameof(table), "Ids of a folded embedding leave a gradient of its table.");
            _table?.Clear(workspace);
            // Each token is in one row of the table, so that the sum of the table's rows is that of the tokens.
            _tableHasAll = _perToken == 1;
            if (cell._biasIh is null) return;
            _dBiasIh = workspace.RentZeroed(width).Span;
            _dBiasHh = cell.HasOwnRecurrentGradient ? workspace.RentZeroed(_dBiasIh.Length).Span : _dBiasIh;
        }

        /// <summary>Where a step leaves the gradient of its recurrent part, before it is taken.</summary>
        public readonly Span<float> RecurrentGradient(int offset, int rows) => RecurrentGradient(offset, _tokens, rows);

        /// <summary>The scan is done with these tokens.</summary>
        public void Take(int offset, int rows)
        {
            _first = Math.Min(_first, offset);
            _tokens += rows;
            if (_tokens >= TokensSummed) Sum();
        }

        /// <summary>The scan is over.</summary>
        public void Finish()
        {
            if (_tokens > 0) Sum();
            if (_tableHasAll) _table!.AddTo(_dBiasIh);
            Add(_dBiasIh, _cell._biasIh);
            Add(_dBiasHh, _cell._biasHh);
        }

        private void Sum()
        {
            int width = _cell.Gates * _cell.HiddenSize, inputs = _cell.InputSize, hidden = _cell.HiddenSize;
            ReadOnlySpan<float> dRecurrent = RecurrentGradient(_first, 0, _tokens);
            ReadOnlySpan<float> dInput = _cell.HasOwnRecurrentGradient ? _dInput.Slice(_first * width, _tokens * width) : dRecurrent;
            RightOperand byInput = _ids.IsEmpty ? new RightOperand(_x[(_first * inputs)..], inputs, _cell._weightIh.In(_gradients)) : default;
            var byHidden = new RightOperand(_previousH[(_first * hidden)..], hidden, _cell._weightHh.In(_gradients));
            _table?.Gather(_ids.Slice(_first * _perToken, _tokens * _perToken), _perToken, dInput);
            if (_cell.HasOwnRecurrentGradient && _ids.IsEmpty) MatMul.MultiplyTransposedAdd(dInput, width, width, _tokens, byInput, default, _scratch);
            MatMul.MultiplyTransposedAdd(dRecurrent, width, width, _tokens, byHidden, _cell.HasOwnRecurrentGradient ? default : byInput, _scratch);
            if (!_tableHasAll) ColumnSums.Add(dInput, _dBiasIh);
            if (_cell.HasOwnRecurrentGradient) ColumnSums.Add(dRecurrent, _dBiasHh);
            if (!_dx.IsEmpty) MatMul.MultiplyAdd(dInput, _tokens, _cell._inputGradient!, _dx[(_first * inputs)..], inputs);
            (_first, _tokens) = (int.MaxValue, 0);
        }

        /// <summary>That of tokens before which so many others were taken since the last sum.</summary>
        private readonly Span<float> RecurrentGradient(int offset, int before, int rows)
        {
            int at = !_hasRing ? offset : _isAscending ? before : _room - before - rows;
            int width = _cell.Gates * _cell.HiddenSize;
            return _dRecurrent.Slice(at * width, rows * width);
        }

        private readonly void Add(ReadOnlySpan<float> sums, Parameter? bias)
        {
            if (bias is not null) TensorPrimitives.Add(bias.In(_gradients), sums, bias.In(_gradients));
        }
    }
}
