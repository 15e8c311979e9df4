"""What an operator wants to know before front-ends do: is all there that the settings name, and does it serve?"""
