namespace Rnn.Tests.Oracle;

/// <summary>A node of a <see cref="Tape"/>, written in formulas like a number.</summary>
internal readonly record struct Var(Tape Tape, int Index)
{
    public double Value => Tape.Value(Index);
    public double Gradient => Tape.Gradient(Index);

    public static Var operator +(Var a, Var b) => a.Tape.Append(a.Value + b.Value, a.Index, 1, b.Index, 1);
    public static Var operator -(Var a, Var b) => a.Tape.Append(a.Value - b.Value, a.Index, 1, b.Index, -1);
    public static Var operator *(Var a, Var b) => a.Tape.Append(a.Value * b.Value, a.Index, b.Value, b.Index, a.Value);
    public static Var operator /(Var a, Var b) => a.Tape.Append(a.Value / b.Value, a.Index, 1 / b.Value, b.Index, -a.Value / (b.Value * b.Value));
    public static Var operator -(Var a) => a.Tape.Append(-a.Value, a.Index, -1);
    public static Var operator +(Var a, double b) => a.Tape.Append(a.Value + b, a.Index, 1);
    public static Var operator *(Var a, double b) => a.Tape.Append(a.Value * b, a.Index, b);
    public static Var operator -(double a, Var b) => b.Tape.Append(a - b.Value, b.Index, -1);

    public Var Tanh()
    {
        var y = Math.Tanh(Value);
        return Tape.Append(y, Index, 1 - y * y);
    }

    public Var Sigmoid()
    {
        var y = 1 / (1 + Math.Exp(-Value));
        return Tape.Append(y, Index, y * (1 - y));
    }

    /// <summary>max(0, x), derivative 0 at 0.</summary>
    public Var Relu() => Tape.Append(Math.Max(0, Value), Index, Value > 0 ? 1 : 0);

    public Var Exp()
    {
        var y = Math.Exp(Value);
        return Tape.Append(y, Index, y);
    }

    public Var Log() => Tape.Append(Math.Log(Value), Index, 1 / Value);

    /// <summary>The larger of two; the first where they are equal.</summary>
    public static Var Max(Var a, Var b) => a.Value >= b.Value ? a : b;
}
