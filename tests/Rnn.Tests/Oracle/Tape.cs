namespace Rnn.Tests.Oracle;

/// <summary>
/// Reverse-mode differentiation of scalars in double precision: every operation appends one node with its value and
/// its derivatives by at most two operands; <see cref="Backward"/> walks the nodes from the last to the first.
/// Slow and plain on purpose: the reference that the hand-written backward passes are compared with.
/// </summary>
internal sealed class Tape
{
    private readonly List<Node> _nodes = [];
    private double[] _gradients = [];

    private readonly record struct Node(double Value, int Left, double ByLeft, int Right, double ByRight);

    /// <summary>A leaf; whether it is a variable or a constant is for the reader to say.</summary>
    public Var Leaf(double value) => Append(value, -1, 0, -1, 0);

    public double Value(int index) => _nodes[index].Value;

    /// <summary>d(root)/d(node) after <see cref="Backward"/>; 0 for a node that root does not depend on.</summary>
    public double Gradient(int index) => index < _gradients.Length ? _gradients[index] : 0;

    public void Backward(Var root)
    {
        _gradients = new double[root.Index + 1];
        _gradients[root.Index] = 1;
        for (var i = root.Index; i >= 0; i--)
        {
            var (gradient, node) = (_gradients[i], _nodes[i]);
            if (gradient == 0) continue;
            if (node.Left >= 0) _gradients[node.Left] += gradient * node.ByLeft;
            if (node.Right >= 0) _gradients[node.Right] += gradient * node.ByRight;
        }
    }

    public Var Append(double value, int left, double byLeft, int right = -1, double byRight = 0)
    {
        _nodes.Add(new Node(value, left, byLeft, right, byRight));
        return new Var(this, _nodes.Count - 1);
    }
}
