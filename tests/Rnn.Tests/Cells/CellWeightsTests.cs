using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Tests.Cells;

/// <summary>What a cell's weights are drawn from.</summary>
public sealed class CellWeightsTests
{
    private const int Inputs = 3, Hidden = 5;

    public static TheoryData<CellKind> Cells() => [.. Enum.GetValues<CellKind>()];

    private static (ParameterSet Parameters, RecurrentCell Cell) Of(CellKind kind)
    {
        var parameters = new ParameterSet();
        var cell = RecurrentCell.Create(kind, parameters, "", "", Inputs, Hidden);
        parameters.Allocate();
        return (parameters, cell);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_gate_is_drawn_within_its_bound_and_biases_are_zero_but_for_the_forget_gate(CellKind kind)
    {
        var (parameters, cell) = Of(kind);
        // Whatever was there before is forgotten.
        parameters.Values.Span.Fill(9);
        var random = new RandomSource(1);
        cell.Initialize(RecurrentInit.Orthogonal, forgetBias: 1, ref random);
        float[] Named(string name) => parameters.Parameters.Single(p => p.Name == name).Values.ToArray();

        Assert.Equal(cell.Gates * Hidden * Inputs, Named("weight_ih").Distinct().Count());
        Assert.All(Named("weight_ih"), w => Assert.InRange(Math.Abs(w), 0, Math.Sqrt(6.0 / (Inputs + Hidden))));
        Assert.All(Named("weight_hh").Chunk(Hidden), row => Assert.Equal(1, row.Sum(w => w * w), 1e-5));
        Assert.All(Named("bias_hh"), b => Assert.Equal(0, b));
        Assert.Equal(Named("bias_ih").Select((_, i) => kind == CellKind.Lstm && i / Hidden == 1 ? 1f : 0f), Named("bias_ih"));
    }

    [Fact]
    public void A_cell_without_biases_has_none_to_draw()
    {
        var parameters = new ParameterSet();
        var cell = RecurrentCell.Create(CellKind.Lstm, parameters, "", "", Inputs, Hidden, bias: false);
        parameters.Allocate();
        var random = new RandomSource(1);
        cell.Initialize(RecurrentInit.Uniform, forgetBias: 1, ref random);
        Assert.Equal(["weight_ih", "weight_hh"], parameters.Parameters.Select(p => p.Name));
    }

    [Fact]
    public void An_unknown_kind_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RecurrentCell.Create((CellKind)99, new ParameterSet(), "", "", Inputs, Hidden));
}
